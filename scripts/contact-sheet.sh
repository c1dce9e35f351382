#!/usr/bin/env bash
# Renders the face of every certificate type with its sample values, through the built program, and
# lays all of them out on one sheet with number and name.
#
#   scripts/contact-sheet.sh [OUT.jpg]
#
# Needs the built program, poppler-utils and imagemagick; installs nothing. PROGRAM names another build.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-docs/faces/contact-sheet.jpg}

missing=()
command -v pdftoppm >/dev/null || missing+=("pdftoppm (poppler-utils)")
command -v montage >/dev/null || missing+=("montage (imagemagick)")
program=${PROGRAM:-target/release/certseal}
[ -x "$program" ] || program=target/debug/certseal
[ -x "$program" ] || missing+=("$program (cargo build -p certseal)")
font=$(fc-list :lang=zh-cn file 2>/dev/null | sed 's/: *$//' | grep -iE 'cjk.*regular|hei|song|kai' | sort | head -n 1 || true)
[ -n "$font" ] || missing+=("a Chinese font for the captions (fonts-noto-cjk)")
if [ ${#missing[@]} -gt 0 ]; then
    printf 'missing: %s\n' "${missing[@]}" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 1. An installation of its own, with the templates as they stand here.
CERTSEAL_PASSPHRASE=contact-sheet "$program" --home "$work/home" init >/dev/null
rm -rf "$work/home/templates"
ln -s "$PWD/templates" "$work/home/templates"

# 2. One picture for each face.
"$program" --home "$work/home" type preview --out "$work/faces" >/dev/null
for pdf in "$work"/faces/*.pdf; do
    echo "$pdf"
done | xargs -P "$(nproc)" -I{} sh -c 'pdftoppm -r 90 -png -singlefile "$1" "${1%.pdf}"' sh {}

# 3. The sheet: seven columns, about 4000 pixels wide.
arguments=()
for picture in "$work"/faces/*.png; do
    file=$(basename "$picture" .png)
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "templates/${file#*-}/type.toml" | head -n 1)
    arguments+=(-label "${file%%-*}　$name" "$picture")
done
mkdir -p "$(dirname "$out")"
montage -font "$font" -pointsize 19 "${arguments[@]}" \
    -tile 7x -geometry '552x552>+10+8' -background white "$work/sheet.png"
for quality in 82 76 70 62 54; do
    convert "$work/sheet.png" -sampling-factor 4:2:0 -quality "$quality" "$out"
    [ "$(stat -c %s "$out")" -gt 3000000 ] || break
done
echo "$out"
