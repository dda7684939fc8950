#!/bin/sh
# Tests deploy/find-jdk.sh with folders that only look like a JDK. Ends with 1 at the first surprise.
set -eu
script=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset JAVA_HOME MILLRACE_JAVA_HOME || true
# Nothing of this machine may be found: no java on the path, no usual places.
mkdir -p "$work/bin" "$work/jdks" "$work/elsewhere"
for tool in sh sed head awk sort readlink cat dirname basename; do
  ln -s "$(command -v $tool)" "$work/bin/$tool"
done
PATH=$work/bin
MILLRACE_JDK_DIRS=$work/jdks
. "$script"

# fake FOLDER VERSION [broken]: a home with a release file, java and javac
fake() {
  mkdir -p "$1/bin"
  printf 'IMPLEMENTOR="Fake"\nJAVA_VERSION="%s"\n' "$2" >"$1/release"
  if [ "${3:-}" = broken ]; then
    printf '#!/bin/sh\nexit 126\n' >"$1/bin/java"
  else
    printf '#!/bin/sh\necho "openjdk version \\"%s\\" 2025-01-01" >&2\n' "$2" >"$1/bin/java"
  fi
  cp "$1/bin/java" "$1/bin/javac"
  chmod +x "$1/bin/java" "$1/bin/javac"
}

# `mkdir`, `cp` and `chmod` are ours, not the finder's.
mkdir() { /bin/mkdir "$@"; }
cp() { /bin/cp "$@"; }
chmod() { /bin/chmod "$@"; }
rm() { /bin/rm "$@"; }

expect() {
  if [ "$2" != "$3" ]; then
    echo "FAILED: $1: expected '$2', got '$3'"
    exit 1
  fi
  echo "ok: $1"
}

found() {
  find_jdk 21 javac || echo none
}

expect "nothing there" none "$(found)"
fake "$work/jdks/java-17" 17.0.15
expect "only an old one" none "$(found)"
fake "$work/jdks/jdk-21" 21.0.2
expect "one that fits" "$work/jdks/jdk-21" "$(found)"
fake "$work/jdks/jdk-25" 25.0.1
fake "$work/jdks/jdk-25-older" 25
expect "the newest wins" "$work/jdks/jdk-25" "$(found)"
fake "$work/jdks/jdk-26" 26 broken
expect "one that does not run is passed over" "$work/jdks/jdk-25" "$(found)"
fake "$work/jdks/mac/Contents/Home" 25.0.9
expect "the layout of macOS" "$work/jdks/mac/Contents/Home" "$(found)"

fake "$work/elsewhere/with space" 22.0.1
JAVA_HOME="$work/elsewhere/with space"
expect "JAVA_HOME is preferred when it fits" "$JAVA_HOME" "$(found)"
JAVA_HOME=$work/jdks/java-17
expect "JAVA_HOME is passed over when it is old" "$work/jdks/mac/Contents/Home" "$(found)"
MILLRACE_JAVA_HOME=$work/jdks/jdk-21
expect "MILLRACE_JAVA_HOME wins" "$work/jdks/jdk-21" "$(found)"
MILLRACE_JAVA_HOME=$work/jdks/java-17
expect "MILLRACE_JAVA_HOME is never passed over" none "$(found)"
said=$(no_jdk 21 2>&1)
case $said in
  *"MILLRACE_JAVA_HOME=$work/jdks/java-17 is no JDK 21"*) echo "ok: says which variable is wrong" ;;
  *) echo "FAILED: $said"; exit 1 ;;
esac
unset MILLRACE_JAVA_HOME

/bin/rm "$work/jdks/jdk-21/bin/javac"
MILLRACE_JDK_DIRS=$work/only-a-jre
mkdir -p "$work/only-a-jre"
/bin/mv "$work/jdks/jdk-21" "$work/only-a-jre/"
unset JAVA_HOME
expect "a JRE does not build" none "$(found)"
expect "a JRE runs" "$work/only-a-jre/jdk-21" "$(find_jdk 21 java)"

rm "$work/only-a-jre/jdk-21/release"
expect "without a release file java is asked" "$work/only-a-jre/jdk-21" "$(find_jdk 21 java)"

mkdir -p "$work/only-old"
/bin/mv "$work/jdks/java-17" "$work/only-old/"
MILLRACE_JDK_DIRS=$work/only-old
said=$(no_jdk 21 2>&1)
case $said in
  *"needs a JDK 21 or newer"*"Too old: $work/only-old/java-17 (17)"*) echo "ok: says what is too old" ;;
  *) echo "FAILED: $said"; exit 1 ;;
esac

expect "flags of 21" "--enable-native-access=ALL-UNNAMED" "$(jdk_quiet_flags "$work/only-a-jre/jdk-21")"
expect "flags of 25" "--sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED" \
  "$(jdk_quiet_flags "$work/jdks/jdk-25")"
