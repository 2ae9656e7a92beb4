# The marker at the head of the prompt: environment, target and the time left, made anew at each prompt without any
# process. Reads XSWITCH_PROMPT_*, XSWITCH_EXPIRES and XSWITCH_DEPTH, and shows only characters that mean nothing to the
# shell; a percent sign is not among them.

typeset -g __xswitch_mark= __xswitch_title= __xswitch_told=
zmodload -F zsh/datetime p:EPOCHSECONDS 2>/dev/null || typeset -g EPOCHSECONDS=0

# Sets `now` to AWS's time, which the session's end is in.
__xswitch_now() {
    local skew=${XSWITCH_PROMPT_SKEW-}
    now=$EPOCHSECONDS
    # A zsh built without zsh/datetime has the time in its prompt escapes.
    if ((now == 0)); then now=${(%):-%D{%s}}; fi
    if [[ $skew == -* ]]; then
        now=$((now - 10#0${skew//[^0-9]/}))
    else
        now=$((now + 10#0${skew//[^0-9]/}))
    fi
}

# Sets `words` and `step` for `left` seconds.
__xswitch_count() {
    local steps=${${XSWITCH_PROMPT_STEPS-}//[^0-9:]/}
    local -i soon=$((10#0${steps%%:*})) ending=$((10#0${steps##*:})) minutes=$((left % 3600 / 60))
    if ((left <= 0)); then
        words=ended
    elif ((left < 60)); then
        words=${left}s
    elif ((left < 3600)); then
        words=${minutes}m
    elif ((minutes)); then
        words=$((left / 3600))h\ ${(l:2::0:)minutes}m
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
    if [[ ${TERM-dumb} == dumb ]]; then
        local text=$2
        if [[ -n $3 ]]; then text=${${text# }% }; fi
        __xswitch_mark+="${3[1]}$text${3[2]} "
    else
        __xswitch_mark+="%{"$'\e'"[$1m%}$2%{"$'\e'"[0m%} "
    fi
}

# Makes the marker; $1 is an exclamation mark, `need` what renewing needs of the person, "" where nothing.
__xswitch_compose() {
    local unsafe='[^A-Za-z0-9._/@+-]' badge soon ending words step
    local target=${${XSWITCH_PROMPT_TARGET-}//${~unsafe}/_} word=${${XSWITCH_PROMPT_ENVIRONMENT-}//${~unsafe}/_}
    local styles=${${XSWITCH_PROMPT_STYLES-}//[^0-9;:]/} guarded=${XSWITCH_PROMPT_GUARDED-}
    local ends=${${XSWITCH_EXPIRES-}//[^0-9]/} depth=${${XSWITCH_DEPTH-}//[^0-9]/}
    local -i now
    __xswitch_now
    local -i left=$((10#0$ends - now))
    badge=${styles%%:*} soon=${${styles#*:}%%:*} ending=${styles##*:}
    if (( ${+NO_COLOR} )); then
        badge=2 soon=1 ending=7
        if [[ -n $guarded ]]; then badge=7; fi
    fi
    __xswitch_count
    if [[ -n $word && -n $guarded ]]; then
        __xswitch_paint "$badge" " $word " '[]'
    elif [[ -n $word ]]; then
        __xswitch_paint "$badge" "$word" ''
    fi
    __xswitch_paint 1 "$target" ''
    if ((10#0$depth > 1)); then __xswitch_mark+="($depth) "; fi
    # What is renewed as it runs has no end to count to.
    if [[ -n ${XSWITCH_RENEWING-} ]]; then words=renewing step=calm; fi
    case $step in
        (calm) __xswitch_mark+="$words " ;;
        (soon) __xswitch_paint "$soon" "$1 $words" '' ;;
        (*) __xswitch_paint "$ending" " $words " '[]' ;;
    esac
    if [[ $step != calm ]]; then __xswitch_mark+=$need; fi
    case ${TERM-dumb} in
        (dumb|linux|vt100|vt220) ;;
        (*) __xswitch_title="%{"$'\e'"]0;${word:+$word }$target"$'\a'"%}" ;;
    esac
    if [[ $step == ended && $__xswitch_told != $ends ]]; then
        __xswitch_told=$ends
        local hint=${__xswitch_command:+$__xswitch_command renews this shell}
        print -ru2 -- "xswitch: $target ended at ${${XSWITCH_PROMPT_ENDS-}//[^0-9:]/}"
        print -ru2 -- "  hint: ${${hint:-${XSWITCH_PROMPT_HINT-}}//[[:cntrl:]]/}"
    fi
}

# Runs before each prompt, after whatever else makes the prompt: takes the last marker out, puts the new one in.
__xswitch_prompt() {
    local bang='!'
    if [[ -o promptbang ]]; then bang='!!'; fi
    # The person's options and traps hold for their own commands: none of ours ends the shell or is written to a trace.
    emulate -L zsh
    setopt local_traps no_xtrace no_verbose no_monitor no_bg_nice
    trap - DEBUG ZERR
    local need=
    PROMPT=${PROMPT/$__xswitch_mark/}
    PROMPT=${PROMPT/$__xswitch_title/}
    __xswitch_mark= __xswitch_title=
    if [[ -n ${XSWITCH_PROMPT_TARGET-} ]]; then
        __xswitch_renew
        __xswitch_compose $bang
        PROMPT=$__xswitch_mark$PROMPT$__xswitch_title
    fi
    precmd_functions=(${precmd_functions:#__xswitch_prompt} __xswitch_prompt)
}

# Nothing renews a shell that was not told how to.
__xswitch_renew() {
}

typeset -ga precmd_functions
precmd_functions=(${precmd_functions:#__xswitch_prompt} __xswitch_prompt)
