# The marker at the head of the prompt: environment, target and the time left, made anew at each prompt without any
# process. Reads XSWITCH_PROMPT_*, XSWITCH_EXPIRES and XSWITCH_DEPTH, and shows only characters that mean nothing to the
# shell.

set -g __xswitch_told ''
set -g __xswitch_need ''

# AWS's time, which the session's end is in. The clock: any file's modification time plus its age, both by a builtin of
# fish 3.5; before that, one call of date.
function __xswitch_now
    set -l skew (string match -r '^-?[0-9]+$' -- "$XSWITCH_PROMPT_SKEW"; or echo 0)
    if builtin -q path
        math (path mtime /) + (path mtime -R /) + $skew
    else
        math (date +%s) + $skew
    end
end

# Prints the step and the words for $argv[1] seconds.
function __xswitch_count
    set -l left $argv[1]
    set -l steps (string match -ra '[0-9]+' -- "$XSWITCH_PROMPT_STEPS") 0 0
    if test $left -le 0
        printf '%s\n' ended ended
        return
    end
    set -l step calm
    if test $left -le $steps[2]
        set step ending
    else if test $left -le $steps[1]
        set step soon
    end
    set -l hours (math -s0 $left / 3600)
    set -l minutes (math -s0 "$left % 3600 / 60")
    if test $left -lt 60
        printf '%s\n' $step {$left}s
    else if test $hours -eq 0
        printf '%s\n' $step {$minutes}m
    else if test $minutes -eq 0
        printf '%s\n' $step {$hours}h
    else
        printf '%s\n%dh %02dm\n' $step $hours $minutes
    end
end

# Prints text $argv[2] in style $argv[1]; $argv[3] and $argv[4] stand around it where the terminal knows no styles.
function __xswitch_paint
    if test "$TERM" = dumb -o -z "$TERM"
        echo -ns -- $argv[3] (set -q argv[3]; and string trim -- $argv[2]; or echo $argv[2]) $argv[4] ' '
    else
        printf '\e[%sm%s\e[0m ' $argv[1] $argv[2]
    end
end

function __xswitch_safe
    string replace -ra '[^A-Za-z0-9._/@+-]' _ -- "$argv"
end

function __xswitch_mark
    set -q XSWITCH_PROMPT_TARGET; or return
    set -l target (__xswitch_safe $XSWITCH_PROMPT_TARGET)
    set -l word (__xswitch_safe $XSWITCH_PROMPT_ENVIRONMENT)
    set -l styles (string split : -- (string replace -ra '[^0-9;:]' '' -- "$XSWITCH_PROMPT_STYLES")) '' '' ''
    if set -q NO_COLOR
        set styles 2 1 7
        test -n "$XSWITCH_PROMPT_GUARDED"; and set styles[1] 7
    end
    set -l ends (string match -r '^[0-9]+$' -- "$XSWITCH_EXPIRES"; or echo 0)
    set -l count (__xswitch_count (math $ends - (__xswitch_now)))
    if test -n "$word" -a -n "$XSWITCH_PROMPT_GUARDED"
        __xswitch_paint $styles[1] " $word " '[' ']'
    else if test -n "$word"
        __xswitch_paint $styles[1] $word
    end
    __xswitch_paint 1 $target
    set -l depth (string match -r '^[0-9]+$' -- "$XSWITCH_DEPTH"; or echo 1)
    test $depth -gt 1; and echo -n "($depth) "
    # What is renewed as it runs has no end to count to.
    test -n "$XSWITCH_RENEWING"; and set count calm renewing
    switch $count[1]
        case calm
            echo -n "$count[2] "
        case soon
            __xswitch_paint $styles[2] "! $count[2]"
        case '*'
            __xswitch_paint $styles[3] " $count[2] " '[' ']'
    end
    test $count[1] != calm -a -n "$__xswitch_need"; and echo -n "$__xswitch_need "
end

# Before each prompt: renews, says once that it is over, and wraps a prompt function that was defined anew.
function __xswitch_before --on-event fish_prompt
    set -l fish_trace
    set -g __xswitch_need ''
    set -q XSWITCH_PROMPT_TARGET; and functions -q __xswitch_renew; and __xswitch_renew
    if set -q XSWITCH_PROMPT_TARGET; and test "$__xswitch_told" != "$XSWITCH_EXPIRES" -a -z "$XSWITCH_RENEWING"
        set -l ends (string match -r '^[0-9]+$' -- "$XSWITCH_EXPIRES"; or echo 0)
        if test $ends -le (__xswitch_now)
            set -g __xswitch_told $XSWITCH_EXPIRES
            set -l at (string replace -ra '[^0-9:]' '' -- "$XSWITCH_PROMPT_ENDS")
            set -l hint (string replace -ra '[[:cntrl:]]' '' -- "$XSWITCH_PROMPT_HINT")
            set -q __xswitch_command; and set hint "$__xswitch_command renews this shell"
            printf 'xswitch: %s ended at %s\n  hint: %s\n' (__xswitch_safe $XSWITCH_PROMPT_TARGET) "$at" "$hint" >&2
        end
    end
    __xswitch_wrap
end

function __xswitch_wrap
    set -l about (functions -Dv fish_prompt 2>/dev/null)
    test "$about[5]" = 'xswitch marker'; and return
    functions -e __xswitch_own_prompt
    functions -q fish_prompt; and functions -c fish_prompt __xswitch_own_prompt
    # The person's function runs first, so that it sees $status and $pipestatus as the last command left them.
    function fish_prompt --description 'xswitch marker'
        set -l own (__xswitch_own_prompt)
        set -l mark (__xswitch_mark)
        printf '%s' "$mark"
        # A line that is too wide fish cuts from the left, where the marker is. Before 3.4 it can't tell how wide one is.
        set -l cells (string length -V -- "$mark$own[1]" 2>/dev/null; or echo 0)
        test $cells -gt "$COLUMNS"; and echo
        printf '%s' (string join \n -- $own)
    end
end

function fish_title
    set -q XSWITCH_PROMPT_TARGET; or return
    string join ' ' -- (__xswitch_safe $XSWITCH_PROMPT_ENVIRONMENT | string match -rv '^$') (__xswitch_safe $XSWITCH_PROMPT_TARGET)
end

__xswitch_wrap
