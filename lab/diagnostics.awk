# SPDX-License-Identifier: GPL-2.0
# Print the diagnostics of a compiler that are about our files, as
# "file:line: warning: ...". A diagnostic in a header counts if it comes from the
# expansion of a macro or an inline function in one of our files.
#
# usage: awk -v root=DIR/ -f lab/diagnostics.awk LIST LOG
#	 LIST has our files, DIR/ is a prefix that the compiler may print before them

# place(LINE) - the file:line at its beginning, "" if it is not one of our files
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
