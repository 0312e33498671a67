#!/usr/bin/env bash
# Installs the Autobahn|TestSuite from PyPI into target/autobahn/suite, unless it is there already.
#
#   tests/autobahn/install.sh
#
# The suite is written for CPython 2.7. One that this machine has is taken: $PYTHON27, or `python2.7`
# on the path, or pyenv's. Where there is none, one is unpacked beside the suite from the packages
# of Debian 11, the last release that had it; that needs apt on a Debian, but not root. Either way
# it needs python3 with venv, which is installed on a Debian that lacks it, a C compiler, and about a
# minute.
#
# Leaves target/autobahn/suite/python: the Python that can import the suite.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../ci/lib.sh"
suite=$(cd "$here/../.." && pwd)/target/autobahn/suite
pip=20.3.4 # the last for CPython 2.7
debian=bullseye

# Nothing from outside: neither the user's own packages, nor another Python.
unset PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONNOUSERSITE PIP_USER PIP_TARGET PIP_PREFIX
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_PYTHON_VERSION_WARNING=1

say() { echo "autobahn: $*" >&2; }

# What is installed, and how: another list or another script is another installation.
identity() { cat "$here"/install.sh "$here"/requirements*.txt | sha256sum; }

# usable PYTHON: it is a CPython 2.7 that can download, and for which C can be compiled.
usable() {
    [[ $("$1" -c '
import os, platform, ssl, sys, sysconfig, zlib
ok = platform.python_implementation() == "CPython" and sys.version_info[:2] == (2, 7)
print(ok and os.path.exists(sysconfig.get_path("include") + "/Python.h"))
' 2>/dev/null) == True ]]
}

# Prints a CPython 2.7 of this machine.
find_python27() {
    local python
    for python in "$(command -v python2.7)" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python2.7; do
        if [[ -n $python ]] && usable "$python"; then
            echo "$python"
            return
        fi
    done
    return 1
}

# Where this Debian gets its own packages from, as its sources say.
debian_mirror() {
    local codename
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    apt-get update --print-uris |
        sed -n "s|^'\(.*/debian\)/dists/$codename/.*|\1|p" | sort -u | head -n 1
}

# unpack_python27 DIR: unpacks a CPython 2.7 from Debian's packages, and prints how it is called.
# The state of apt is in the directory, too: that of this machine is neither used nor changed.
unpack_python27() {
    local dir=$1 apt=$1/apt mirror lib
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        { say "there is no apt here either"; return 1; }
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || { say "apt has no source that is a mirror of Debian"; return 1; }

    mkdir -p "$apt"/{lists/partial,cache/archives/partial,packages}
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $debian main" \
        >"$apt/sources.list"
    local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=-
        -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
        -o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" update >&2
    (cd "$apt/packages" && apt-get "${options[@]}" download python2.7 python2.7-minimal \
        python2.7-dev libpython2.7 libpython2.7-minimal libpython2.7-stdlib libpython2.7-dev \
        libffi7 libssl1.1) >&2
    local package
    for package in "$apt"/packages/*.deb; do dpkg-deb --extract "$package" "$dir"; done
    rm -r "$apt"

    lib=$(dirname "$dir"/usr/lib/*/libpython2.7.so.1.0)
    cat >"$dir/python2.7" <<END
#!/bin/sh
export LD_LIBRARY_PATH='$lib' PYTHONHOME='$dir/usr'
export CFLAGS='-I$dir/usr/include -I$dir/usr/include/python2.7'
exec '$dir/usr/bin/python2.7' "\$@"
END
    chmod +x "$dir/python2.7"
    usable "$dir/python2.7" || { say "the CPython that was unpacked does not work"; return 1; }
    echo "$dir/python2.7"
}

# Installs into a user site of the suite's own, where Python looks by default. pip runs unpacked: from
# inside its wheel it cannot build packages that have no wheel of their own, because a build starts a script of
# pip's in another process.
install_packages() {
    # Debian's python3 has `venv`, and not what that puts into a new environment.
    python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
    python3 -m venv "$suite/pip"
    "$suite/pip/bin/pip" download --quiet --no-deps --dest "$suite/pip" "pip==$pip"
    python3 -m zipfile -e "$suite"/pip/pip-*.whl "$suite/pip/unpacked"
    local list
    for list in requirements-build.txt requirements.txt; do
        "$suite/python" "$suite/pip/unpacked/pip" install --quiet --user --ignore-installed --no-deps \
            --no-build-isolation --no-warn-script-location -r "$here/$list" >&2
    done
    rm -r "$suite/pip"
}

identity=$(identity)
if [[ $(cat "$suite/installed" 2>/dev/null) == "$identity" ]] && "$suite/python" -c ''; then
    exit
fi

# From here on nothing is kept of what was there.
rm -rf "$suite"
mkdir -p "$suite"
if [[ -n ${PYTHON27:-} ]]; then
    usable "$PYTHON27" ||
        { say "PYTHON27=$PYTHON27 is no CPython 2.7 with ssl and headers"; exit 1; }
    python27=$PYTHON27
    say "installing the suite from PyPI, for $python27 …"
elif python27=$(find_python27); then
    say "installing the suite from PyPI, for $python27 …"
else
    say "THERE IS NO CPYTHON 2.7 HERE (with ssl and headers; PYTHON27 may name one)."
    say "Unpacking that of Debian's $debian into $suite/cpython …"
    python27=$(unpack_python27 "$suite/cpython")
    say "installing the suite from PyPI …"
fi
cat >"$suite/python" <<END
#!/bin/sh
unset PYTHONPATH PYTHONHOME PYTHONNOUSERSITE
PYTHONUSERBASE='$suite/packages' exec '$python27' -W ignore "\$@"
END
chmod +x "$suite/python"
install_packages
"$suite/python" -B "$here/suite.py" cases >/dev/null
echo "$identity" >"$suite/installed"
say "installed: $(du -sh "$suite" | cut -f1) in target/autobahn/suite, $SECONDS s"
