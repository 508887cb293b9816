# SPDX-License-Identifier: GPL-2.0
set terminal svg size 720,440 dynamic background "white"
set output "functions.svg"
set title "Time to enable and to disable a patch"
set xlabel "functions"
set ylabel "seconds, median"
set logscale xy
set key left top
set grid
set datafile missing "?"
plot "functions.dat" using 1:2 with linespoints lc "#c05020" pt 7 title "upstream, enable", \
	"" using 1:3 with linespoints lc "#c05020" dt 2 pt 6 title "upstream, disable", \
	"" using 1:4 with linespoints lc "#2060a0" pt 7 title "ours, enable", \
	"" using 1:5 with linespoints lc "#2060a0" dt 2 pt 6 title "ours, disable"
