#!/bin/sh
# rootfs.sh ARCH FOLDER [WITH_CAMERA]: unpacks the few Debian packages that Node.js, ONNX Runtime and sharp need for ARCH into FOLDER; where
# WITH_CAMERA is 1 ffmpeg with all that it needs too.
set -eu
arch=$1 root=$2 with_camera=${3:-0}
packages='base-files libc6 libgcc-s1 libstdc++6 tini busybox-static'
applets='sh ash cat ls cp mv rm mkdir rmdir ln chmod touch echo printf env id whoami pwd sleep date uname hostname df du free
  ps top kill find grep sed awk head tail wc sort uniq tr cut tee xargs vi less tar gzip gunzip stat test true false nc wget ping nslookup ip'

dpkg --add-architecture "$arch"
apt-get update -qq
# What a machine without any package would install: what this one has is not in FOLDER.
test "$with_camera" = 0 || packages="$packages $(apt-get -qq -s -o Dir::State::status=/dev/null -o APT::Architecture="$arch" \
  install --no-install-recommends ffmpeg | awk '$1 == "Inst" {print $2}' | grep -vxE "$(echo "$packages" | tr ' ' '|')" | tr '\n' ' ')"
work=$(mktemp -d); chmod 755 "$work"; cd "$work"
set --
for name in $packages; do set -- "$@" "$name:$arch"; done
apt-get -qq -o APT::Sandbox::User=root download "$@"
mkdir -p "$root/var/lib/dpkg/status.d"
for deb in *.deb; do
  dpkg-deb -x "$deb" "$root"
  # Scanners read what is inside from here.
  dpkg-deb -f "$deb" >"$root/var/lib/dpkg/status.d/$(dpkg-deb -f "$deb" Package)"
done
# The letters of Unicode, for models of text.
apt-get -qq -o APT::Sandbox::User=root download "libc-bin:$arch"
dpkg-deb --fsys-tarfile libc-bin_*.deb | tar -x -C "$root" ./usr/lib/locale/C.utf8
rm -rf "$work" /var/lib/apt/lists/*

cd "$root"
# Scripts of packages, which do not run here, would link these to where the loader looks.
rm -rf usr/lib/*/dri usr/lib/*/libLLVM-* usr/share/icons usr/share/X11 # 140 MB for drawing on displays
for library in usr/lib/*/blas/libblas.so.3 usr/lib/*/lapack/liblapack.so.3 usr/lib/*/pulseaudio/*.so; do
  test ! -e "$library" || ln -sf "$(basename "$(dirname "$library")")/$(basename "$library")" "$(dirname "$(dirname "$library")")/"
done
# Character set tables, manuals and translations that nothing here reads; licences stay.
rm -rf usr/lib/*/gconv lib/*/gconv usr/lib/*/audit usr/share/man usr/share/info usr/share/locale usr/share/lintian usr/share/gdb usr/share/gcc usr/share/base-files \
  usr/share/common-licenses/GFDL* usr/share/initramfs-tools etc/update-motd.d
find usr/share/doc -type f ! -name copyright -delete
find . -type d -empty -path './usr/share/*' -delete
mkdir -p bin tmp srv/models proc sys dev etc var/cache/slipway
for applet in $applets; do ln -sf busybox "bin/$applet"; done
# What people type by habit; busybox knows no applet of this name.
printf '#!/bin/sh\nexec /bin/sh "$@"\n' >bin/bash && chmod 755 bin/bash
printf 'root:x:0:0:root:/tmp:/bin/sh\nslipway:x:1000:1000:slipway:/tmp:/bin/sh\n' >etc/passwd
printf 'root:x:0:\nslipway:x:1000:\n' >etc/group
printf 'hosts: files dns\n' >etc/nsswitch.conf
chmod 1777 tmp
chown 1000:1000 var/cache/slipway
