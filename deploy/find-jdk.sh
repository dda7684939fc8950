# Finds Java; read by `millrace` and `mvnw`. POSIX sh, no side effects but the functions.
#
#   find_jdk MIN TOOL   prints the home of a Java of at least version MIN that has bin/TOOL
#                       (java to run, javac to build); fails when there is none
#   no_jdk MIN          says what was looked for and what to do
#
# MILLRACE_JAVA_HOME wins and must fit. Then JAVA_HOME if it fits. Then the newest of what lies in
# the usual places. MILLRACE_JDK_DIRS replaces those places (a colon-separated list of folders).

# A number that orders versions: 21.0.2 -> 21000002. Nothing when HOME is no Java.
jdk_rank() {
  jdk_rank_text=
  if [ -r "$1/release" ]; then
    jdk_rank_text=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$1/release" | head -n 1)
  fi
  if [ -z "$jdk_rank_text" ] && [ -x "$1/bin/java" ]; then
    jdk_rank_text=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
  fi
  [ -n "$jdk_rank_text" ] || return 1
  printf '%s\n' "$jdk_rank_text" | awk -F'[._+-]' '
    { for (i = 1; i <= 3; i++) if ($i !~ /^[0-9]+$/) $i = 0; printf "%d\n", $1 * 1000000 + $2 * 1000 + $3 }'
}

jdk_major() {
  jdk_major_rank=$(jdk_rank "$1") || return 1
  echo $((jdk_major_rank / 1000000))
}

# Does HOME have TOOL, and is it MIN or newer?
jdk_fits() {
  [ -x "$1/bin/$3" ] || return 1
  jdk_fits_major=$(jdk_major "$1") || return 1
  [ "$jdk_fits_major" -ge "$2" ]
}

# Java is really run once before it is chosen: a folder may be for another machine, or half removed.
jdk_runs() {
  "$1/bin/java" -version >/dev/null 2>&1
}

jdk_candidates() {
  if [ -n "${MILLRACE_JDK_DIRS:-}" ]; then
    jdk_candidates_dirs=$MILLRACE_JDK_DIRS
  else
    jdk_candidates_dirs="/usr/lib/jvm:/usr/java:/opt:/usr/local:/usr/lib64/jvm"
    if [ -n "${HOME:-}" ]; then
      jdk_candidates_dirs="$jdk_candidates_dirs:$HOME/.sdkman/candidates/java:$HOME/.jdks:$HOME/.asdf/installs/java"
      jdk_candidates_dirs="$jdk_candidates_dirs:$HOME/.local/share/mise/installs/java"
      jdk_candidates_dirs="$jdk_candidates_dirs:/Library/Java/JavaVirtualMachines:$HOME/Library/Java/JavaVirtualMachines"
    fi
    if [ -x /usr/libexec/java_home ]; then
      /usr/libexec/java_home 2>/dev/null
    fi
  fi
  jdk_candidates_java=$(command -v java 2>/dev/null || true)
  if [ -n "$jdk_candidates_java" ]; then
    jdk_candidates_java=$(readlink -f "$jdk_candidates_java" 2>/dev/null || echo "$jdk_candidates_java")
    printf '%s\n' "${jdk_candidates_java%/bin/java}"
  fi
  (
    IFS=:
    for jdk_candidates_dir in $jdk_candidates_dirs; do
      for jdk_candidates_home in "$jdk_candidates_dir"/*; do
        [ -d "$jdk_candidates_home" ] || continue
        if [ -x "$jdk_candidates_home/Contents/Home/bin/java" ]; then
          printf '%s\n' "$jdk_candidates_home/Contents/Home"
        elif [ -x "$jdk_candidates_home/bin/java" ]; then
          printf '%s\n' "$jdk_candidates_home"
        fi
      done
    done
  )
}

find_jdk() {
  if [ -n "${MILLRACE_JAVA_HOME:-}" ]; then
    jdk_fits "$MILLRACE_JAVA_HOME" "$1" "$2" && jdk_runs "$MILLRACE_JAVA_HOME" || return 1
    printf '%s\n' "$MILLRACE_JAVA_HOME"
    return 0
  fi
  if [ -n "${JAVA_HOME:-}" ] && jdk_fits "$JAVA_HOME" "$1" "$2" && jdk_runs "$JAVA_HOME"; then
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  find_jdk_found=$(
    jdk_candidates | while IFS= read -r find_jdk_home; do
      if jdk_fits "$find_jdk_home" "$1" "$2"; then
        printf '%s %s\n' "$(jdk_rank "$find_jdk_home")" "$find_jdk_home"
      fi
    done | sort -rn | while IFS=' ' read -r find_jdk_rank find_jdk_home; do
      if jdk_runs "$find_jdk_home"; then
        printf '%s\n' "$find_jdk_home"
        break
      fi
    done
  )
  [ -n "$find_jdk_found" ] || return 1
  printf '%s\n' "$find_jdk_found"
}

no_jdk() {
  {
    if [ -n "${MILLRACE_JAVA_HOME:-}" ]; then
      echo "error: MILLRACE_JAVA_HOME=$MILLRACE_JAVA_HOME is no JDK $1 or newer."
      echo "       Point it at one, or unset it to have one looked for."
      return 0
    fi
    echo "error: Millrace needs a JDK $1 or newer, and none was found."
    echo "       Looked at JAVA_HOME${JAVA_HOME:+ ($JAVA_HOME)}, java on the PATH, /usr/lib/jvm, /opt, ~/.sdkman and other usual places."
    no_jdk_seen=$(jdk_candidates | while IFS= read -r no_jdk_home; do
      no_jdk_major=$(jdk_major "$no_jdk_home") && printf ' %s (%s)' "$no_jdk_home" "$no_jdk_major"
    done)
    [ -z "$no_jdk_seen" ] || echo "       Too old:$no_jdk_seen"
    echo "       Install one (for example: apt-get install openjdk-21-jdk, brew install openjdk@21, or"
    echo "       https://adoptium.net), or set MILLRACE_JAVA_HOME to where it lies."
  } >&2
}

# Flags that keep the JDK from warning about what libraries do; only those it knows.
jdk_quiet_flags() {
  jdk_quiet_major=$(jdk_major "$1") || return 0
  if [ "$jdk_quiet_major" -ge 23 ]; then
    printf '%s' '--sun-misc-unsafe-memory-access=allow '
  fi
  printf '%s' '--enable-native-access=ALL-UNNAMED'
}
