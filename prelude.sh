case ${SANDBOX_SESSION:+${BASH_VERSION:+bash}}$- in bash*i*) ;; bash*) exec "$BASH" ${POSIXLY_CORRECT+--posix} --norc --noprofile -i /dev/fd/3 9>&2 2>/dev/null ;; esac
if [ -n "${SANDBOX_SESSION-}" ]; then
	exec 8>&4 4>&-
	if [ -n "${BASH_VERSION-}" ]; then
		set +m +H +o history
		trap : INT
		BASH_ARGV0=bash
		case $SANDBOX_SESSION in restarted) . /dev/fd/5 >/dev/null 2>&1; exec 5<&- ;; esac
		exec 2>&9 9>&-
		for SANDBOX_SESSION in /proc/$$/fd/[1-9][0-9]*; do
			[[ $SANDBOX_SESSION -ef /dev/fd/3 ]] && break
		done
		trap "SANDBOX_SESSION=restarted exec \"\$BASH\" ${POSIXLY_CORRECT+--posix} --norc --noprofile -i /dev/fd/3 3<$SANDBOX_SESSION 4>&8 "'5<<<"$(declare -p; declare -f; declare -F; alias -p; trap -p; shopt -p; set +o)" 9>&2 2>/dev/null' PWR
	else
		trap '{ . /dev/null/interrupt; } 2>/dev/null' PWR
		command -v source >/dev/null || eval 'source() { . "$@"; }'
	fi
	exec 3<&-
	unset SANDBOX_SESSION
fi
