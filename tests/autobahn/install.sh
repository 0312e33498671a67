#!/usr/bin/env bash
# Installs the Autobahn|TestSuite from PyPI into target/autobahn/suite, unless it is there already.
#
#   tests/autobahn/install.sh
#
# The suite needs CPython 2.7. That of Debian 11, the last release that had it, is unpacked beside the suite, which
# needs apt, but not root. Also needs a C compiler, and python3 with venv, which is installed on a Debian that
# lacks it. Takes a minute.
#
# target/autobahn/suite/python is then a Python that can import the suite.
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

# Changes when the lists of packages or this script change.
identity() { cat "$here"/install.sh "$here"/requirements*.txt | sha256sum; }

# unpack_python27 DIR: unpacks a CPython 2.7 from Debian's packages, from the mirror in this machine's sources,
# and prints its path. The state of apt is in the directory; that of the machine is neither used nor changed.
unpack_python27() {
    local dir=$1 apt=$1/apt codename mirror lib package
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mirror=$(apt-get update --print-uris |
        sed -n "s|^'\(.*/debian\)/dists/$codename/.*|\1|p" | sort -u | head -n 1)
    [[ -n $mirror ]] || { say "there is no apt with a mirror of Debian here"; return 1; }

    mkdir -p "$apt"/{lists/partial,cache/archives/partial,packages}
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $debian main" >"$apt/sources.list"
    local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=-
        -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
        -o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" update >&2
    (cd "$apt/packages" && apt-get "${options[@]}" download python2.7 python2.7-minimal \
        python2.7-dev libpython2.7 libpython2.7-minimal libpython2.7-stdlib libpython2.7-dev \
        libffi7 libssl1.1) >&2
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
    echo "$dir/python2.7"
}

# Installs into a user site of the suite's own, where Python looks by default. pip runs unpacked: inside its
# wheel it cannot build packages, because a build starts a script of pip's in another process.
install_packages() {
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
! [[ $(cat "$suite/installed" 2>/dev/null) == "$identity" ]] || ! "$suite/python" -c '' || exit 0

rm -rf "$suite"
mkdir -p "$suite"
python27=$(unpack_python27 "$suite/cpython")
say "installing the suite from PyPI …"
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
