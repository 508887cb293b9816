# SPDX-License-Identifier: GPL-2.0
# Of what a compiler says, print what begins, or ends in the expansion of a macro
# or of an inline function, in one of our files: "file:line: warning: ...".
#
# usage: awk -v root=DIR/ -f lab/diagnostics.awk LIST LOG
#	 LIST has our files, DIR/ is what the compiler may have put before them

# place(LINE) - file:line at the beginning of it, "" if that is not ours
function place(line,	path)
{
	if (index(line, root) == 1)
		line = substr(line, length(root) + 1)
	path = line
	sub(/:.*/, "", path)
	if (!(path in ours))
		return ""
	match(line, /:[0-9]+/)
	return path substr(line, RSTART, RLENGTH)
}

function flush()
{
	if (owner != "")
		print owner ": " text
	owner = ""
	text = ""
}

NR == FNR {
	ours[$0]
	next
}

/: In function / {
	flush()
	caller = ""
}

/^ +inlined from .* at / {
	flush()
	sub(/^ +inlined from .* at /, "")
	if (caller == "")
		caller = place($0)
}

/^[^ ].*:[0-9]+: (fatal )?(warning|error): / {
	flush()
	owner = place($0)
	if (owner == "")
		owner = caller
	text = $0
	sub(/.*:[0-9]+: /, "", text)
}

/^[^ ].*:[0-9]+: note: in (expansion|definition) of macro / {
	if (text != "" && owner == "")
		owner = place($0)
}

END {
	flush()
}
