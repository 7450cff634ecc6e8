# SPDX-License-Identifier: BSD-3-Clause
# Completion of lbd for bash; the options are what `lbd --help` says.

_lbd_help() { # lbd, sed script
    "$1" --help 2>/dev/null | sed -nE "$2"
}

_lbd() {
    local lbd=$1 current=$2 previous=$3 found
    COMPREPLY=()
    case $previous,$current in
    --log-level,*) found=$(_lbd_help "$lbd" 's/^  --log-level LEVEL +//;T;s/,|\(default\)| or / /g;p') ;;
    *,-*) found=$(_lbd_help "$lbd" 's/^  (-. \[ )?(--[a-z-]+).*/\2/p') ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.y*ml' -- "$current"; compgen -d -S / -- "$current")
        compopt -o nospace 2>/dev/null
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$current")
}

complete -F _lbd lbd
