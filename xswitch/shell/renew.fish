# Renewal, for fish. At each prompt: a session that was renewed elsewhere is taken over, and one that is about to end is
# renewed in the background, once a minute at most. Looking starts no process. `xs .` does it now.
#
# The startup file has set __xswitch_folder (private to this shell), __xswitch_notes, __xswitch_program (the words that
# call xswitch) and __xswitch_request (target and options); with __xswitch_opened, the role that these are for.

set -g __xswitch_ends ''
set -g __xswitch_key ''
set -g __xswitch_seen ''
set -g __xswitch_rest 0
set -g __xswitch_due 0
set -g __xswitch_patience 2
set -g __xswitch_bound 30
set -g __xswitch_command 'xs .'

# Prints the first line of file $argv[1], "" where there is none.
function __xswitch_read
    set -l line ''
    test -r $argv[1]; and read line <$argv[1]
    echo $line
end

# Prints the target and options to ask for. Fails where the environment holds no session.
function __xswitch_which
    string match -qr '^[0-9]+$' -- "$XSWITCH_ACCOUNT_ID"; or return
    if test "$XSWITCH_ACCOUNT_ID/$XSWITCH_ROLE" = "$__xswitch_opened"
        string join0 -- $__xswitch_request
    else
        string join0 -- "$XSWITCH_ACCOUNT_ID/$XSWITCH_ROLE"
    end
end

# Makes the assignments of $argv[1], and remembers which keys are the session's.
function __xswitch_take
    # What the last of these lines leaves as a status says nothing: taking a variable away that is not there fails.
    eval $argv[1]
    set -g __xswitch_ends "$XSWITCH_EXPIRES"
    set -g __xswitch_key "$AWS_ACCESS_KEY_ID"
    set -g __xswitch_seen ''
    set -g __xswitch_rest 0
    set -g __xswitch_due (math (__xswitch_now) + 60)
    echo -n >$__xswitch_folder/need
end

# Takes over what the vault has, if that comes within two seconds; $argv[1] is the note, the rest what to ask for.
function __xswitch_follow
    set -g __xswitch_rest (math (__xswitch_now) + 60)
    set -l lines (/bin/sh $__xswitch_folder/within $__xswitch_patience $__xswitch_program env $argv[2..-1] \
        --follow --no-input --format fish 2>/dev/null)
    or return 0
    if set -q lines[1]
        __xswitch_take (string join \n -- $lines | string collect) 2>/dev/null
    else
        set -g __xswitch_rest 0
    end
    set -g __xswitch_seen $argv[1]
end

# Starts the renewal, apart from this shell: no job of it, no terminal for it. $argv[1] is the seconds left.
function __xswitch_try
    set -l below (math "max(60, $argv[1] + 1)")
    set -g __xswitch_due (math (__xswitch_now) + 60)
    echo -n >$__xswitch_folder/need
    command /bin/sh -c 'trap "" HUP; "$@" &' sh /bin/sh $__xswitch_folder/within $__xswitch_bound $__xswitch_program \
        sessions renew $argv[2..-1] --below={$below}s --report=$__xswitch_folder/need --no-input \
        </dev/null >/dev/null 2>&1
end

# Prints what the last try needed of the person, in the words of the prompt.
function __xswitch_needed
    switch (__xswitch_read $__xswitch_folder/need)
        case code
            echo "needs a code: $__xswitch_command"
        case confirmation
            echo "needs confirmation: $__xswitch_command"
        case person
            echo "needs you: $__xswitch_command"
        case vault
            echo "the vault is locked: $__xswitch_command"
        case denied
            echo "AWS denies it: $__xswitch_command"
        case network
            echo 'AWS is out of reach'
        case failed
            echo "not renewed: $__xswitch_command"
    end
end

# Before the marker is made: sets __xswitch_need, and may renew what is in the environment.
function __xswitch_renew
    test "$XSWITCH_PROMPT_RENEW" = 0 -o -n "$XSWITCH_RENEWING"; and return
    if test "$__xswitch_ends" != "$XSWITCH_EXPIRES"
        set -g __xswitch_ends "$XSWITCH_EXPIRES"
        set -g __xswitch_key "$AWS_ACCESS_KEY_ID"
    end
    # Keys that the person put into the environment are theirs, and stay.
    test "$__xswitch_key" = "$AWS_ACCESS_KEY_ID"; or return
    set -l request (__xswitch_which | string split0); or return
    set -l role (string replace -ra '[^A-Za-z0-9._@+-]' _ -- "$XSWITCH_ROLE")
    set -l line (string match -r '^[0-9]+$' -- (__xswitch_read "$__xswitch_notes/$XSWITCH_ACCOUNT_ID-$role"))
    # Without a note the person has ended the session, and nothing brings it back but they.
    or return
    set -l ends (string match -r '^[0-9]+$' -- "$XSWITCH_EXPIRES"; or echo 0)
    set -l now (__xswitch_now)
    if test $line -gt $ends -a $now -ge $__xswitch_rest -a "$line" != "$__xswitch_seen"
        __xswitch_follow $line $request
        set ends (string match -r '^[0-9]+$' -- "$XSWITCH_EXPIRES"; or echo 0)
    end
    set -l left (math $ends - $now)
    set -l steps (string match -ra '[0-9]+' -- "$XSWITCH_PROMPT_STEPS") 0
    # A third earlier than the first warning, so that none is seen where nobody is needed.
    test $left -gt (math -s0 "$steps[1] + $steps[1] / 3"); and return
    set -g __xswitch_need (__xswitch_needed)
    test $now -ge $__xswitch_due; and __xswitch_try $left $request
end

function __xswitch_xs
    set -l fish_trace
    if test (count $argv) != 1 -o "$argv[1]" != .
        echo "xswitch: this shell knows `$__xswitch_command` alone, which renews its session in place" >&2
        return 2
    end
    set -l request (__xswitch_which | string split0)
    or begin
        echo 'xswitch: this shell holds no session' >&2
        return 1
    end
    set -l lines ($__xswitch_program env $request --again --format fish)
    or return
    __xswitch_take (string join \n -- $lines | string collect)
end

if type -q xs
    set -g __xswitch_command '__xswitch_xs .'
    echo "xswitch: xs is yours already and stays so; `$__xswitch_command` renews this shell" >&2
else
    function xs
        __xswitch_xs $argv
    end
end
