#!/usr/bin/env bash
# Renders every certificate face with sample values and lays them out on one sheet.
#   scripts/contact-sheet.sh HOME [OUT.jpg]
# HOME is an installation (`certseal init` or the demo's `district`); needs poppler-utils and imagemagick.
set -euo pipefail
cd "$(dirname "$0")/.."
home=${1:?usage: scripts/contact-sheet.sh HOME [OUT.jpg]}
out=${2:-docs/faces/contact-sheet.jpg}
for tool in pdftoppm montage; do
    command -v "$tool" >/dev/null || { echo "missing: $tool (apt-get install poppler-utils imagemagick)" >&2; exit 1; }
done
program=target/release/certseal
[ -x "$program" ] || program=target/debug/certseal
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" --home "$home" type preview --out "$folder"
for pdf in "$folder"/*.pdf; do
    pdftoppm -r 80 -png -singlefile "$pdf" "${pdf%.pdf}"
done
font=$(fc-match -f '%{file}' 'Noto Sans CJK SC' 2>/dev/null || true)
montage ${font:+-font "$font"} -label '%t' -pointsize 14 "$folder"/*.png \
    -tile 7x -geometry 560x560+8+8 -background white -quality 82 "$out"
echo "$out"
