# The marker at the head of the prompt: environment, target and the time left, made anew at each prompt without any
# process. For bash 3.2 and later. Reads XSWITCH_PROMPT_*, XSWITCH_EXPIRES and XSWITCH_DEPTH, and shows only characters
# that mean nothing to the shell.

__xswitch_mark=
__xswitch_title=
__xswitch_told=
__xswitch_letters='ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-'

# The time: EPOCHSECONDS since bash 5.0, printf since 4.2, before that from SECONDS and one call of date at the start.
if [ -n "${EPOCHSECONDS-}" ]; then
    __xswitch_clock() { now=$EPOCHSECONDS; }
elif printf -v __xswitch_start '%(%s)T' -1 2>/dev/null; then
    __xswitch_clock() { printf -v now '%(%s)T' -1; }
else
    __xswitch_start=$(($(date +%s) - SECONDS))
    __xswitch_clock() { now=$((__xswitch_start + SECONDS)); }
fi

# Sets `now` to AWS's time, which the session's end is in.
__xswitch_now() {
    local skew=${XSWITCH_PROMPT_SKEW-}
    __xswitch_clock
    case $skew in
        -*) now=$((now - 10#0${skew//[^0-9]/})) ;;
        *) now=$((now + 10#0${skew//[^0-9]/})) ;;
    esac
}

# The options that the person set for their own commands: off while ours run, so that none of ours ends the shell or is
# written to its trace, and on again afterwards, even where Ctrl-C came in between.
__xswitch_flags=

__xswitch_quiet() {
    __xswitch_flags=${__xswitch_flags:-$-}
    set +euvxET
}

__xswitch_loud() {
    local option flags=$__xswitch_flags
    __xswitch_flags=
    for option in E T e u v x; do
        case $flags in *"$option"*) set "-$option" ;; esac
    done
    return 0
}

# Sets `words` and `step` for `left` seconds.
__xswitch_count() {
    local steps=${XSWITCH_PROMPT_STEPS-}
    steps=${steps//[^0-9:]/}
    local soon=$((10#0${steps%%:*})) ending=$((10#0${steps##*:})) minutes=$((left % 3600 / 60))
    if ((left <= 0)); then
        words=ended
    elif ((left < 60)); then
        words=${left}s
    elif ((left < 3600)); then
        words=${minutes}m
    elif ((minutes)); then
        printf -v words '%dh %02dm' $((left / 3600)) "$minutes"
    else
        words=$((left / 3600))h
    fi
    if ((left <= 0)); then
        step=ended
    elif ((left <= ending)); then
        step=ending
    elif ((left <= soon)); then
        step=soon
    else
        step=calm
    fi
}

# Appends text $2 in style $1 to the marker; $3 stands around it where the terminal knows no styles.
__xswitch_paint() {
    if [ "${TERM-dumb}" = dumb ]; then
        local open=${3:0:1} close=${3:1:1} text=$2
        if [ -n "$3" ]; then text=${text# } text=${text% }; fi
        __xswitch_mark+="$open$text$close "
    else
        __xswitch_mark+="\\[\\e[$1m\\]$2\\[\\e[0m\\] "
    fi
}

# Makes the marker; `need` is what renewing needs of the person, "" where nothing.
__xswitch_compose() {
    local target=${XSWITCH_PROMPT_TARGET-} word=${XSWITCH_PROMPT_ENVIRONMENT-} styles=${XSWITCH_PROMPT_STYLES-}
    local ends=${XSWITCH_EXPIRES-} depth=${XSWITCH_DEPTH-} guarded=${XSWITCH_PROMPT_GUARDED-}
    local now left words step badge soon ending bang='!'
    target=${target//[^$__xswitch_letters]/_} word=${word//[^$__xswitch_letters]/_}
    styles=${styles//[^0-9;:]/} ends=${ends//[^0-9]/} depth=${depth//[^0-9]/}
    badge=${styles%%:*} soon=${styles#*:} ending=${styles##*:}
    soon=${soon%%:*}
    if [ -n "${NO_COLOR+set}" ]; then
        badge=2 soon=1 ending=7
        if [ -n "$guarded" ]; then badge=7; fi
    fi
    case :${SHELLOPTS-}: in *:posix:*) bang='!!' ;; esac
    __xswitch_now
    left=$((10#0$ends - now))
    __xswitch_count
    if [ -n "$word" ] && [ -n "$guarded" ]; then
        __xswitch_paint "$badge" " $word " '[]'
    elif [ -n "$word" ]; then
        __xswitch_paint "$badge" "$word" ''
    fi
    __xswitch_paint 1 "$target" ''
    if ((10#0$depth > 1)); then __xswitch_mark+="($depth) "; fi
    # What is renewed as it runs has no end to count to.
    if [ -n "${XSWITCH_RENEWING-}" ]; then words=renewing step=calm; fi
    case $step in
        calm) __xswitch_mark+="$words " ;;
        soon) __xswitch_paint "$soon" "$bang $words" '' ;;
        *) __xswitch_paint "$ending" " $words " '[]' ;;
    esac
    if [ "$step" != calm ]; then __xswitch_mark+=$need; fi
    case ${TERM-dumb} in
        dumb | linux | vt100 | vt220) ;;
        *) __xswitch_title="\\[\\e]0;${word:+$word }$target\\a\\]" ;;
    esac
    if [ "$step" = ended ] && [ "$__xswitch_told" != "$ends" ]; then
        __xswitch_told=$ends
        __xswitch_tell "$target"
    fi
}

# Says once that it is over.
__xswitch_tell() {
    local at=${XSWITCH_PROMPT_ENDS-} hint=${XSWITCH_PROMPT_HINT-}
    if [ -n "${__xswitch_command-}" ]; then hint="$__xswitch_command renews this shell"; fi
    printf 'xswitch: %s ended at %s\n  hint: %s\n' "$1" "${at//[^0-9:]/}" "${hint//[[:cntrl:]]/}" >&2
}

# Runs before each prompt, after whatever else makes the prompt: takes the last marker out, puts the new one in. bash
# itself keeps $? for the next command; a status of ours that is not 0 would set off the person's trap for errors.
__xswitch_prompt() {
    local need=
    __xswitch_quiet 2>/dev/null
    if [ -n "$__xswitch_mark" ]; then PS1=${PS1/"$__xswitch_mark"/}; fi
    if [ -n "$__xswitch_title" ]; then PS1=${PS1/"$__xswitch_title"/}; fi
    __xswitch_mark=
    __xswitch_title=
    if [ -n "${XSWITCH_PROMPT_TARGET-}" ]; then
        __xswitch_renew
        __xswitch_compose
        PS1=$__xswitch_mark${PS1-}$__xswitch_title
    fi
    __xswitch_loud
}

# Nothing renews a shell that was not told how to.
__xswitch_renew() { :; }

# A variable that is not exported, so that a shell started in this one, which may inherit the line, runs nothing.
__xswitch_hook=__xswitch_prompt
case "${PROMPT_COMMAND[*]-}" in
    *__xswitch_hook*) ;;
    *)
        if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
            PROMPT_COMMAND+=('${__xswitch_hook-}')
        else
            PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}'${__xswitch_hook-}'
        fi
        ;;
esac
