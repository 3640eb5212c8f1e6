#!/usr/bin/perl
# test/lab: random states of a node, and what an outsider must find on one that is in such a state.
# May know what the resources of a recipe mean; nothing of leap's code, and it asks no leap-node.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: chance.pl state SEED          a state, as JSON: the same seed gives the same state
#        chance.pl node STATE NODE     the node's file of an instance, NODE, with the state's properties
#        chance.pl want STATE          what chance.sh's look() must show of it, sorted
#        chance.pl paths STATE         the paths that are managed in it
#        chance.pl foreign SEED STATE OTHER mine|both
#                                      commands with which somebody else puts things where STATE manages something that OTHER
#                                      does not manage, or that it manages as a thing of the same kind at most
#        chance.pl drift SEED STATE    commands with which somebody else changes what the state manages
#
#        chance.pl await INIT SECONDS  the processes that are a leap-node in the node whose first process is INIT, as soon as
#                                      there are any
#
# With CHANCE=whole in the environment a file's content names its owner and mode, so that whoever reads it at any
# moment can tell whether all belongs together.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use JSON::PP;

binmode STDOUT, ':encoding(UTF-8)';
my $json = JSON::PP->new->utf8->canonical;
my @roots = ('/etc/chance', '/srv/chance');
my @names = ('a', 'b c', 'ü', '-d', '.e', 'f%s', "g'h", 'i;j');
my $whole = ($ENV{CHANCE} // '') eq 'whole';

# A generator of our own: perl's differs between versions.
my $random;

sub seed {
	my ($seed) = @_;
	$random = hex substr sha256_hex("chance $seed"), 0, 7;
}

sub below {
	my ($limit) = @_;
	$random = ($random * 1103515245 + 12345) & 0x7fffffff;
	return ($random >> 8) % $limit;
}

sub one_of { return $_[below(scalar @_)] }
sub chance { return below(100) < $_[0] }

sub slurp {
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	local $/;
	return $json->decode(scalar <$file>);
}

# The recipe makes the same text.
sub content {
	my ($file) = @_;
	return "chance $file->{token} $file->{says} $file->{count}\n" . "$file->{token}\n" x $file->{count} .
	    "end $file->{token}\n";
}

my (@users, @groups);

sub ownership {
	my (@modes) = @_;
	return (owner => one_of('root', 'root', 'daemon', map { $_->{name} } @users),
	    group => one_of('root', 'root', 'daemon', map { $_->{name} } @groups), mode => one_of(@modes));
}

sub some_file {
	my ($path) = @_;
	my %file = (type => 'file', path => $path, ownership('0644', '0644', '0600', '0640', '0755', '0400', '02755'),
	    token => 't' . below($whole ? 1_000_000 : 12), count => one_of(0, 1, 3, 40, 40, 3000));
	$file{says} = $whole ? "$file{owner}:$file{group}:$file{mode}" : '-';
	return \%file;
}

sub some_link {
	my ($path) = @_;
	return { type => 'link', path => $path, target => one_of('a', '../b', '/etc/hostname', '/nowhere/' . below(50), '.') };
}

# What is at a path: nothing, a file, a link, a directory and what is in it.
sub tree {
	my ($path, $depth) = @_;
	my $dice = below(100);
	return () if $dice < 30;
	return some_file($path) if $dice < 65 || ($depth == 0 && $dice >= 80);
	return some_link($path) if $dice < 80;
	return ({ type => 'directory', path => $path, ownership('0755', '0755', '0700', '0750', '01777', '02775') },
	    map { tree("$path/$names[$_]", $depth - 1) } 0 .. 3);
}

sub some_unit {
	my ($name) = @_;
	my $file = some_file("/etc/$name.conf");
	return ($file, { type => 'service', name => $name, config => $file->{path}, token => 'u' . below(4),
	    enabled => chance(70) ? \1 : \0, active => chance(85) ? \1 : \0 });
}

sub some_user {
	my ($number) = @_;
	my $group = one_of('users', map { $_->{name} } @groups);
	return { type => 'user', name => "chance$number", uid => $number < 2 ? one_of(7000, 7000, 7010) + $number : 0,
	    group => $group, shell => one_of('/bin/sh', '/usr/sbin/nologin'), comment => one_of('', 'by chance'),
	    home => one_of('/nonexistent', "/srv/chance$number"),
	    groups => [grep { $_ ne $group && chance(50) } 'mail', map { $_->{name} } @groups] };
}

sub state_of {
	my ($seed) = @_;
	my (@all, %firewall);
	seed($seed);
	@groups = map { { type => 'group', name => "chances$_", gid => $_ == 0 ? one_of(7000, 7000, 7050) : 0 } } grep { chance(60) } 0 .. 1;
	@users = map { some_user($_) } grep { chance(60) } 0 .. 2;
	push @all, @groups, @users;
	for my $root (@roots) {
		push @all, { type => 'directory', path => $root, ownership('0755', '0755', '0711') };
		push @all, map { tree("$root/$_", 2) } @names;
	}
	push @all, map { chance($whole ? 90 : 70) ? some_unit($_) : () } 'chance-restart', 'chance-reload';
	push @all, { type => 'sysctl', key => 'net.ipv4.tcp_fin_timeout', value => one_of(31, 32, 33) } if chance(15);
	push @all, { type => 'sysctl', key => 'net.ipv4.ip_local_port_range', value => one_of('20000 60000', '20001 60000') } if chance(10);
	%firewall = (chance => { ports => [one_of(7001, 7002, 7003)], protocol => 'tcp', from => ['*'] }) if chance(12);
	return { resources => \@all, firewall => \%firewall };
}

# As find(1) would show it; look() has no leading zeros in modes.
sub stat_line {
	my ($kind, $r) = @_;
	return sprintf "%s %o %s %s %s", $kind, oct $r->{mode}, $r->{owner}, $r->{group}, $r->{path};
}

sub want {
	my ($r) = @_;
	my $type = $r->{type};
	if ($type eq 'file') {
		return (stat_line('f', $r), 'sum ' . sha256_hex(content($r)) . " $r->{path}");
	} elsif ($type eq 'directory') {
		return stat_line('d', $r);
	} elsif ($type eq 'link') {
		return "l $r->{path} -> $r->{target}";
	} elsif ($type eq 'user') {
		return "user $r->{name} " . ($r->{uid} || '?') . " $r->{group} $r->{comment}:$r->{home}:$r->{shell} " .
		    join(',', sort @{$r->{groups}});
	} elsif ($type eq 'group') {
		return "group $r->{name} " . ($r->{gid} || '?');
	} elsif ($type eq 'sysctl') {
		return "sysctl $r->{key} $r->{value}";
	}
	my ($active, $enabled) = ($r->{active} ? 'active' : 'inactive', $r->{enabled} ? 'enabled' : 'disabled');
	return ("unit $r->{name} $active $enabled" . ($r->{active} ? " as configured" : ''));
}

sub quote {
	my ($text) = @_;
	$text =~ s/'/'\\''/g;
	return "'$text'";
}

sub set_meta {
	my ($path) = @_;
	my ($owner, $mode) = (one_of('root:root', 'mail:mail', '4242:4242'), one_of('644', '600', '750'));
	return "chown -h $owner $path; chmod $mode $path";
}

# The same kind of thing, for leap takes no other over.
sub foreign {
	my ($r) = @_;
	my $path = quote($r->{path});
	my $parent = quote($r->{path} =~ s{/[^/]*$}{}r);
	my $there = "[ -e $path ] || [ -L $path ] || [ ! -d $parent ] || [ \"\$(realpath $parent)\" != $parent ]";
	my $text = quote($r->{type} eq 'file' && chance(30) ? content($r) : 'theirs ' . below(100) . "\n");
	return "$there || { printf %s $text >$path; " . set_meta($path) . '; }' if $r->{type} eq 'file';
	return "$there || { mkdir $path; " . set_meta($path) . '; ' . (chance(30) ? "echo x >$path/theirs; " : '') . '}'
	    if $r->{type} eq 'directory';
	return "$there || ln -s " . quote(one_of($r->{target}, '/theirs')) . " $path";
}

sub drift {
	my ($r) = @_;
	my $path = quote($r->{path});
	return "rm -f $path" if $r->{type} ne 'directory' && chance(20);
	return "ln -sfn /theirs $path" if $r->{type} eq 'link';
	return set_meta($path) if $r->{type} eq 'directory' || chance(40);
	return "echo theirs >>$path";
}

sub has_path { return grep { defined $_->{path} } @{$_[0]->{resources}} }

# Processes of this machine: a node's are in a namespace of their own.
sub node_programs {
	my ($init) = @_;
	my $inside = readlink "/proc/$init/ns/pid" or return ();
	return grep { (readlink("/proc/$_/ns/pid") // '') eq $inside && (readlink("/proc/$_/exe") // '') =~ m{/leap-node-} }
	    map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub await {
	my ($init, $seconds) = @_;
	my @found;
	for (my $tries = $seconds * 200; !(@found = node_programs($init)) && $tries > 0; $tries--) {
		select undef, undef, undef, 0.005;
	}
	return @found;
}

my ($verb, @args) = @ARGV;
if ($verb eq 'state') {
	print JSON::PP->new->canonical->pretty->encode(state_of(@args));
} elsif ($verb eq 'node') {
	my ($state, $node) = map { slurp($_) } @args;
	$node->{chance} = { resources => $state->{resources} };
	$node->{firewall} = $state->{firewall};
	print JSON::PP->new->canonical->pretty->encode($node);
} elsif ($verb eq 'want') {
	my $state = slurp($args[0]);
	print map { "$_\n" } sort map { want($_) } @{$state->{resources}};
} elsif ($verb eq 'paths') {
	print map { "$_->{path}\n" } has_path(slurp($args[0]));
} elsif ($verb eq 'foreign') {
	my ($seed, @files) = @args;
	my ($state, $other) = map { slurp($_) } @files[0, 1];
	my %other = map { $_->{path} => $_->{type} } has_path($other);
	my $may = $files[2] eq 'mine' ? sub { !$other{$_[0]{path}} } :
	    sub { ($other{$_[0]{path}} // $_[0]{type}) eq $_[0]{type} };
	seed($seed);
	print map { foreign($_) . "\n" } grep { $may->($_) && chance(40) } has_path($state);
} elsif ($verb eq 'drift') {
	seed($args[0]);
	print map { drift($_) . "\n" } grep { chance(15) } has_path(slurp($args[1]));
} elsif ($verb eq 'await') {
	print map { "$_\n" } await(@args);
} else {
	die "usage: chance.pl state|node|want|paths|foreign|drift|await ...\n";
}
