#!/bin/sh
# Called by `make build/python3.13`: puts a Python 3.13 into the folder given, as bin/python3.13. That is the one on PATH,
# or else Debian's of trixie with all the libraries it asks for, unpacked: from the mirror that this machine uses, checked
# with Debian's keys. Nothing of the machine is changed.
set -eu
rm -rf "$1"  # a link of an earlier time leads to what is not ours to write
PLACE=$(mkdir -p "$1/bin" && cd "$1" && pwd)
NAME=python3.13
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

if OWN=$($NAME -c 'import ensurepip, sys, venv; print(sys.executable)' 2>/dev/null); then
    ln -sf "$OWN" "$PLACE/bin/$NAME"
    exit
fi

SUITE=$(. /etc/os-release && echo "${VERSION_CODENAME:-none}")
MIRROR=$(apt-get update --print-uris 2>/dev/null | sed -n "s|^'\(.*\)/dists/$SUITE/InRelease'.*|\1|p" | head -n 1)
if [ -z "$MIRROR" ] || [ ! -r "$KEYS" ]; then
    echo "No $NAME is on PATH, and here is no Debian to take one from. Install one, or do without: ATALAIA_LANES=3.11" >&2
    exit 1
fi

APT=$PLACE/apt
mkdir -p "$APT/lists/partial" "$APT/archives/partial"
: > "$APT/status"  # nothing is installed there, so every library comes along
echo "deb [signed-by=$KEYS] $MIRROR trixie main" > "$APT/sources.list"
private_apt() {
    apt-get -qq -o Dir::State="$APT" -o Dir::State::status="$APT/status" -o Dir::Cache="$APT" -o APT::Sandbox::User= \
        -o Dir::Etc::sourcelist="$APT/sources.list" -o Dir::Etc::sourceparts=- "$@"
}
private_apt update
private_apt install --yes --no-install-recommends --download-only $NAME-venv libstdc++6
for PACKAGE in "$APT"/archives/*.deb; do
    dpkg-deb --extract "$PACKAGE" "$PLACE/debian"
done
rm -r "$APT"

# Its C library is newer than the machine's, so a loader of its own starts it, whatever the name it is called by.
LOADER=$(echo "$PLACE"/debian/usr/lib*/ld-linux-*.so.*)
LIBRARIES=$(dirname "$PLACE"/debian/usr/lib/*/libc.so.6)
cat > "$PLACE/bin/$NAME" <<SCRIPT
#!/bin/sh
exec '$LOADER' --library-path '$LIBRARIES' --argv0 "\$0" '$PLACE/debian/usr/bin/$NAME' "\$@"
SCRIPT
chmod +x "$PLACE/bin/$NAME"
ln -sfn debian/usr/lib "$PLACE/lib"
# The pip of its environments lies in a folder that Debian names from the top.
sed -i "s|'/usr/share/python-wheels|'$PLACE/debian/usr/share/python-wheels|" "$PLACE/lib/$NAME"/_sysconfigdata_*.py
