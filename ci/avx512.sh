#!/usr/bin/env bash
# Runs the tests of the kernels on an emulated processor with AVX-512 and VBMI, for machines without
# it.
#
# Bochs emulates an Ice Lake PC. It boots Debian's Linux kernel, whose first process runs the tests.
# Only the modules that test kernels run. Exhaustive tests run one case in 1009, and property tests
# 16 cases. Fails unless every module passed with the backend avx512. Installs Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

one_in=1009 property_cases=16 limit=1200 # seconds
packages=(binutils bochs bochs-term bochsbios busybox-static cpio isolinux syslinux-common vgabios xorriso)
tests=(backends rfc6455_5_3_masking rfc6455_8_1_utf8)

[ "$(uname -sm)" = "Linux x86_64" ] ||
    { echo "SKIPPED AVX-512 under emulation: it is written for Linux on x86_64, not for $(uname -sm)"; exit 0; }
install "${packages[@]}"

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/avx512
rm -rf "$work/system" "$work/iso"
mkdir -p "$work"/{system/{bin,dev,proc,tests},iso,kernel}

# The test program, and the libraries that it loads.
program=$(cargo test --no-run --package wsframe-tests --all-features --message-format=json-render-diagnostics |
    sed -n 's/.*"name":"it".*"executable":"\([^"]*\)".*/\1/p')
strip -o "$work/system/tests/it" "$program"
ldd "$program" | grep -o '/[^ ]*' | sort -u | xargs -I{} cp --parents --update -L {} "$work/system"

# The newest kernel: another package depends on it. Unpacked, not installed.
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
if [ ! -e "$work/kernel/$kernel" ]; then
    (cd "$work/kernel" && rm -rf ./* && apt-get download -q "$kernel")
    dpkg-deb --extract "$work"/kernel/*.deb "$work/kernel"
    touch "$work/kernel/$kernel"
fi

cat > "$work/system/init" << INIT
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
export WSFRAME_BACKEND=avx512 WSFRAME_ONE_IN=$one_in PROPTEST_CASES=$property_cases PROPTEST_MAX_SHRINK_ITERS=0
/bin/busybox grep -m 1 -o -w avx512vbmi /proc/cpuinfo
for name in ${tests[*]}; do
    echo "--- \$name"
    /tests/it \$name:: --nocapture --test-threads=1 2>&1
done
echo "--- end"
# Wait for the serial line.
/bin/busybox sleep 1
/bin/busybox poweroff -f
INIT
chmod +x "$work/system/init"
cp /bin/busybox "$work/system/bin/"
(cd "$work/system" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/iso/initrd"

# The Ice Lake of Bochs 2.7 does not report the size of the XSAVE state of protection keys, has FSRM without ERMS,
# and lacks the registers that count frequency. So the kernel must not use these.
cp "$work"/kernel/boot/vmlinuz-* "$work/iso/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/iso/"
cat > "$work/iso/isolinux.cfg" << 'MENU'
DEFAULT linux
LABEL linux
  KERNEL vmlinuz
  INITRD initrd
  APPEND quiet console=ttyS0 panic=-1 mitigations=off nokaslr idle=halt tsc=reliable lpj=1000000 lsm= nopku clearcpuid=pku,ospke,xsaves,xsavec,fsrm,aperfmperf
MENU
xorriso -report_about WARNING -as mkisofs -o "$work/boot.iso" -b isolinux.bin -c boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso"

cat > "$work/bochsrc" << BOCHS
display_library: term
cpu: model=corei7_icelake_u, ips=100000000
megs: 512
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial.log
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
clock: sync=none
log: $work/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
BOCHS
echo c > "$work/commands" # Continues, if this Bochs has a debugger.

# Bochs needs a terminal, which `script` provides. It ends with a "panic" when the machine powers off.
rm -f "$work/serial.log" "$work/bochs.log"
start=$SECONDS
TERM=xterm timeout --kill-after=10 "$limit" script --quiet --return --command \
    "bochs -q -f '$work/bochsrc' -rc '$work/commands'" "$work/terminal.log" < /dev/null > /dev/null || true
seconds=$((SECONDS - start))

log=$work/serial.txt
tr -d '\r' < "$work/serial.log" | sed 's/proptest: Failed to find absolute path.*//' > "$log"
grep -E '^(avx512|---|test |backends:|avx512:|[0-9]+ |of )|panicked|test result' "$log" || true

fail() { echo "FAILED: $1; see $log" >&2; exit 1; }
grep -qx -- '--- end' "$log" || fail "the tests did not finish in $seconds s"
grep -q 'backends: avx512, ' "$log" || fail "avx512 was not the backend in use"
passed=$(sed -n 's/^test result: ok\. \([1-9][0-9]*\) passed; 0 failed.*/\1/p' "$log")
[ "$(wc -w <<< "$passed")" = ${#tests[@]} ] || fail "of ${#tests[@]} modules, not all passed"
echo "ok: $((${passed//$'\n'/+})) tests on avx512, emulated, in $seconds s; one case in $one_in"
