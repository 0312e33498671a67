#!/usr/bin/env bash
# Puts what it reads between two comments of a document, in place of what stood there.
#
#     ci/table.sh FILE NAME       <!-- NAME --> … <!-- end of NAME -->
set -euo pipefail
file=$1 from="<!-- $2 -->" to="<!-- end of $2 -->"

grep -qxF -- "$from" "$file" && grep -qxF -- "$to" "$file" ||
    { echo "FAILED: $file has no lines '$from' and '$to'" >&2; exit 1; }
new=$(cat)
result=$(FROM=$from TO=$to NEW=$new awk '
    $0 == ENVIRON["FROM"] { print; print ""; print ENVIRON["NEW"]; print ""; inside = 1 }
    $0 == ENVIRON["TO"] { inside = 0 }
    !inside && $0 != ENVIRON["FROM"]
' "$file")
printf '%s\n' "$result" >"$file"
