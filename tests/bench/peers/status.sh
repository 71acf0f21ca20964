#!/bin/sh
# The worst code of all status files in a directory, as lean as a shell can: built-ins only.
cd "$1" || exit 1
worst=200
for file in *; do
    read -r code _ < "$file"
    [ "$code" -le "$worst" ] || worst=$code
done
if [ "$worst" = 200 ]; then echo "200 OK"; else echo "$worst KO"; fi
