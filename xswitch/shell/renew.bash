# Renewal, for bash 3.2 and later. At each prompt: a session that was renewed elsewhere is taken over, and one that is
# about to end is renewed in the background, once a minute at most. Looking starts no process. `xs .` does it now.
#
# The startup file has set __xswitch_folder (private to this shell), __xswitch_notes, __xswitch_program (the words that
# call xswitch) and __xswitch_request (target and options); with __xswitch_opened, the role that these are for.

__xswitch_ends=
__xswitch_key=
__xswitch_seen=
__xswitch_rest=0
__xswitch_due=0
__xswitch_patience=2
__xswitch_bound=30
__xswitch_command='xs .'

# Sets `line` to the first line of file $1, "" where there is none.
__xswitch_read() {
    line=
    if [ -r "$1" ]; then
        { IFS= read -r line <"$1"; } 2>/dev/null || :
    fi
}

# Sets `request`, and `note`, the file that tells when the latest session of the role ends. Fails where there is none.
__xswitch_which() {
    local account=${XSWITCH_ACCOUNT_ID-} role=${XSWITCH_ROLE-}
    case $account in
        '' | *[!0-9]*) return 1 ;;
    esac
    request=("$account/$role")
    if [ "$account/$role" = "$__xswitch_opened" ]; then request=("${__xswitch_request[@]}"); fi
    role=${role//[^$__xswitch_letters]/_}
    note=$__xswitch_notes/$account-${role//\//_}
}

# Makes the assignments of $1, and remembers which keys are the session's.
__xswitch_take() {
    eval "$1" || return
    __xswitch_ends=${XSWITCH_EXPIRES-}
    __xswitch_key=${AWS_ACCESS_KEY_ID-}
    __xswitch_seen=
    __xswitch_rest=0
    __xswitch_due=$((now + 60))
    : >|"$__xswitch_folder/need"
}

# Takes over what the vault has, if that comes within two seconds.
__xswitch_follow() {
    local text
    __xswitch_rest=$((now + 60))
    text=$(
        /bin/sh "$__xswitch_folder/within" "$__xswitch_patience" "${__xswitch_program[@]}" env "${request[@]}" \
            --follow --no-input --format bash 2>/dev/null
    ) || return 0
    if [ -n "$text" ]; then
        __xswitch_take "$text" 2>/dev/null || :
    else
        __xswitch_rest=0
    fi
    __xswitch_seen=$1
}

# Starts the renewal, apart from this shell: no job of it, no terminal for it.
__xswitch_try() {
    local below=$((left < 60 ? 60 : left + 1))
    __xswitch_due=$((now + 60))
    : >|"$__xswitch_folder/need"
    (
        trap '' HUP
        /bin/sh "$__xswitch_folder/within" "$__xswitch_bound" "${__xswitch_program[@]}" sessions renew "${request[@]}" \
            "--below=${below}s" "--report=$__xswitch_folder/need" --no-input &
    ) </dev/null >/dev/null 2>&1
}

# Sets `need` to what the last try needed of the person, in the words of the prompt.
__xswitch_needed() {
    local line
    __xswitch_read "$__xswitch_folder/need"
    case $line in
        code) need="needs a code: $__xswitch_command " ;;
        confirmation) need="needs confirmation: $__xswitch_command " ;;
        person) need="needs you: $__xswitch_command " ;;
        vault) need="the vault is locked: $__xswitch_command " ;;
        denied) need="AWS denies it: $__xswitch_command " ;;
        network) need="AWS is out of reach " ;;
        failed) need="not renewed: $__xswitch_command " ;;
    esac
}

# Before the marker is made: sets `need`, and may renew what is in the environment.
__xswitch_renew() {
    local now left soon line note request steps ends=${XSWITCH_EXPIRES-}
    if [ "${XSWITCH_PROMPT_RENEW-1}" = 0 ] || [ -n "${XSWITCH_RENEWING-}" ]; then return 0; fi
    if [ "$__xswitch_ends" != "$ends" ]; then
        __xswitch_ends=$ends
        __xswitch_key=${AWS_ACCESS_KEY_ID-}
    fi
    # Keys that the person put into the environment are theirs, and stay.
    if [ "$__xswitch_key" != "${AWS_ACCESS_KEY_ID-}" ]; then return 0; fi
    __xswitch_which || return 0
    __xswitch_read "$note"
    line=${line//[^0-9]/}
    __xswitch_now
    # Without a note the person has ended the session, and nothing brings it back but they.
    if [ -z "$line" ]; then return 0; fi
    if ((10#0$line > 10#0${ends//[^0-9]/} && now >= __xswitch_rest)) && [ "$line" != "$__xswitch_seen" ]; then
        __xswitch_follow "$line"
    fi
    ends=${XSWITCH_EXPIRES-} steps=${XSWITCH_PROMPT_STEPS-}
    left=$((10#0${ends//[^0-9]/} - now))
    steps=${steps//[^0-9:]/}
    soon=$((10#0${steps%%:*}))
    # A third earlier than the first warning, so that none is seen where nobody is needed.
    if ((left > soon + soon / 3)); then return 0; fi
    __xswitch_needed
    if ((now >= __xswitch_due)); then __xswitch_try; fi
}

__xswitch_xs() {
    local now note request text status
    if [ "$#" != 1 ] || [ "$1" != . ]; then
        printf 'xswitch: this shell knows `%s` alone, which renews its session in place\n' "$__xswitch_command" >&2
        return 2
    fi
    if ! __xswitch_which; then
        printf 'xswitch: this shell holds no session\n' >&2
        return 1
    fi
    __xswitch_quiet
    text=$("${__xswitch_program[@]}" env "${request[@]}" --again --format bash)
    status=$?
    if [ "$status" = 0 ]; then
        __xswitch_now
        __xswitch_take "$text"
        status=$?
    fi
    __xswitch_loud
    return "$status"
}

if { type xs || alias xs; } >/dev/null 2>&1; then
    __xswitch_command='__xswitch_xs .'
    printf 'xswitch: xs is yours already and stays so; `%s` renews this shell\n' "$__xswitch_command" >&2
else
    xs() { __xswitch_xs "$@"; }
fi
