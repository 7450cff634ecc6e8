# SPDX-License-Identifier: BSD-3-Clause
# Completion of lbctl for bash. Commands and options are what `lbctl --help` says, names and
# addresses what the running lbd does.

_lbctl_help() { # lbctl, sed script
    "$1" --help 2>/dev/null | sed -nE "$2"
}

_lbctl_names() { # lbctl, what to ask for
    "$1" --json "$2" 2>/dev/null | grep -oE '"name":"[^"]+"' | cut -d'"' -f4
}

_lbctl_backends() { # lbctl
    "$1" services 2>/dev/null | sed -nE 's/^ *-> \[?([0-9a-f.:]+)\]?:[0-9]+ .*/\1/p' | sort -u
}

# The words so far without options and what belongs to them.
_lbctl_positional() {
    local index
    positional=()
    for ((index = 1; index < COMP_CWORD; ++index)); do
        case ${COMP_WORDS[index]} in
        --socket | -s | --limit | -n | --service | --rate | --count | --seconds) ((++index)) ;;
        -* | =) ;;
        *) positional+=("${COMP_WORDS[index]}") ;;
        esac
    done
}

_lbctl() {
    local lbctl=$1 current=$2 previous=$3 positional found
    COMPREPLY=()
    case $previous in
    --socket | -s)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --service)
        mapfile -t COMPREPLY < <(compgen -W "$(_lbctl_names "$lbctl" services)" -- "$current")
        return
        ;;
    --limit | -n | --rate | --count | --seconds) return ;;
    esac
    _lbctl_positional
    case $current,${#positional[@]},${positional[0]-} in
    -*) found=$(_lbctl_help "$lbctl" 's/^  (-. \[ )?(--[a-z-]+).*/\2/p') ;;
    *,0,*) found=$(_lbctl_help "$lbctl" '/^Commands:/,/^$/s/^  ([a-z-]+) .*/\1/p') ;;
    *,1,backend) found=$(_lbctl_help "$lbctl" 's/^  backend +//;T;s/ ADDRESS( N)?|[,;]//g;p') ;;
    *,2,backend) found=$(_lbctl_backends "$lbctl") ;;
    *,1,failover) found=$(_lbctl_names "$lbctl" vrrp) ;;
    *,1,log-level) found=$(_lbctl_help "$lbctl" 's/^  log-level .*: //;T;s/,//g;p') ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$current")
}

complete -F _lbctl lbctl
