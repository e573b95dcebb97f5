#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: stock clients behave as without the gateway (A1, A3, A5, A8, A9).
. "$(dirname "$0")/lib.sh" "$@"
node_up

equal "a command's output comes back" "$(gw "$(at)" 'echo hello')" hello
gw "$(at)" 'exit 7'
equal "exit status passes" $? 7
gw "$(at)" 'kill -TERM $$'
rc=$?
direct demo@127.0.0.1 'kill -TERM $$'
equal "death by a signal looks as without the gateway" $rc $?
equal "stderr stays apart" \
	"$(gw "$(at)" 'echo out; echo err >&2' 2>"$dir/err"; cat "$dir/err")" \
	$'out\nerr'
equal "stderr alone is stderr" "$(cat "$dir/err")" err

head -c 3000000 /dev/urandom >"$dir/blob"
want=$(sum <"$dir/blob")
equal "binary bytes up" "$(gw "$(at)" sha256sum <"$dir/blob" | cut -d' ' -f1)" "$want"
equal "binary bytes both ways" "$(gw "$(at)" cat <"$dir/blob" | sum)" "$want"
equal "half-close: the command sees the end of input" \
	"$(printf 'a\nb\n' | gw "$(at)" 'wc -l; echo after')" $'2\nafter'
equal "no input at all" "$(gw -n "$(at)" 'cat; echo done')" done

for sep in '#' '%' '+' '@'; do
	equal "target named with $sep" \
		"$(gw "alice${sep}demo${sep}demo@$SP_HOST" 'echo in' 2>&1)" in
done
equal "-l names the login too" \
	"$(gw -l "$SP_SSH_LOGIN" "$SP_HOST" 'echo in' 2>&1)" in

# password and keyboard-interactive of the user
for m in password keyboard-interactive; do
	equal "the user logs in by $m" "$(SSHPASS=$SP_PASSWORD sshpass -e ssh \
		-F /dev/null -o UserKnownHostsFile="$dir/known_hosts" \
		-o LogLevel=ERROR -o PubkeyAuthentication=no \
		-o PreferredAuthentications=$m -p "$SP_SSH_PORT" "$(at)" \
		'echo in')" in
done

# environment, terminal, window size
equal "environment is relayed" \
	"$(LC_SALLY=port gw -o SendEnv=LC_SALLY "$(at)" 'echo $LC_SALLY')" port
cat >"$dir/script" <<'S'
expect $
send stty size; stty -a | tr ';' '\n' | grep -c baud\r
expect 24 80
expect 1
size 132x43
sleep 1
send stty size\r
expect 43 132
send exit 3\r
S
/usr/bin/python3 "$here/tests/e2e/drive.py" "$dir/script" ssh "${ssh_opts[@]}" -tt \
	-p "$SP_SSH_PORT" "$(at)" >"$dir/pty.out" 2>&1
equal "a shell in a terminal, window change, exit status" $? 3
a=$(gw -tt "$(at)" 'stty -a' </dev/null 2>/dev/null | sum)
b=$(direct -tt demo@127.0.0.1 'stty -a' </dev/null 2>/dev/null | sum)
equal "terminal modes are the same as without the gateway" "$a" "$b"

# sftp, scp in both protocols
cat >"$dir/batch" <<S
put $dir/blob up.bin
get up.bin $dir/down.bin
rename up.bin up2.bin
ls -l up2.bin
rm up2.bin
S
sftp -q "${ssh_opts[@]}" -P "$SP_SSH_PORT" -b "$dir/batch" "$(at)" >"$dir/sftp.out" 2>&1
equal "sftp batch ends well" $? 0
equal "sftp content" "$(sum <"$dir/down.bin")" "$want"
for o in '' -O; do
	rm -f "$dir/back"
	scp $o -q "${ssh_opts[@]}" -P "$SP_SSH_PORT" "$dir/blob" "$(at):c.bin" &&
		scp $o -q "${ssh_opts[@]}" -P "$SP_SSH_PORT" "$(at):c.bin" "$dir/back"
	equal "scp $o both ways" "$(sum <"$dir/back")" "$want"
done
rsync -a -e "ssh $(printf '%q ' "${ssh_opts[@]}") -p $SP_SSH_PORT" \
	"$dir/blob" "$(at):r.bin" && rm -f "$dir/back" &&
	rsync -a -e "ssh $(printf '%q ' "${ssh_opts[@]}") -p $SP_SSH_PORT" \
		"$(at):r.bin" "$dir/back"
equal "rsync both ways" "$(sum <"$dir/back")" "$want"

# several channels on one connection
gw -M -S "$dir/mux" -f -N "$(at)"
for i in 1 2 3 4 5 6 7 8; do
	gw -S "$dir/mux" "$(at)" "head -c 500000 /dev/zero | tr '\\0' $i | sha256sum; exit $i" \
		>"$dir/mux.$i" 2>&1 &
	muxpid[i]=$!
done
good=0
for i in 1 2 3 4 5 6 7 8; do
	wait "${muxpid[$i]}"
	[ $? = $i ] && [ "$(cut -d' ' -f1 "$dir/mux.$i")" = \
		"$(head -c 500000 /dev/zero | tr '\0' $i | sum)" ] &&
		good=$((good + 1))
done
equal "eight channels at once on one connection" $good 8
gw -S "$dir/mux" -O exit "$(at)" 2>/dev/null

# what this version refuses, in words
timeout 20 ssh -o LogLevel=INFO "${ssh_opts[@]}" -p "$SP_SSH_PORT" \
	-o ExitOnForwardFailure=yes -R 0:127.0.0.1:1 -N "$(at)" 2>"$dir/err"
equal "remote forwarding is refused" $? 255
timeout 20 ssh -o LogLevel=INFO "${ssh_opts[@]}" -p "$SP_SSH_PORT" \
	-W 127.0.0.1:22 "$(at)" </dev/null 2>"$dir/err"
check "direct forwarding is refused with a sentence" grep -qi 'permitted' "$dir/err"

# other clients
equal "dropbear's client" "$(DROPBEAR_PASSWORD=$SP_PASSWORD dbclient -y -y \
	-p "$SP_SSH_PORT" -l "$SP_SSH_LOGIN" "$SP_HOST" 'echo db; exit 5' \
	2>/dev/null; echo $?)" $'db\n5'
equal "plink" "$(plink -batch -ssh -P "$SP_SSH_PORT" -l "$SP_SSH_LOGIN" \
	-pw "$SP_PASSWORD" -hostkey "$(ssh-keyscan -p "$SP_SSH_PORT" -t ed25519 \
	"$SP_HOST" 2>/dev/null | ssh-keygen -lf - | cut -d' ' -f2)" \
	"$SP_HOST" 'echo pl; exit 6' 2>/dev/null; echo $?)" $'pl\n6'
equal "paramiko" "$(/usr/bin/python3 - "$SP_HOST" "$SP_SSH_PORT" "$SP_SSH_LOGIN" \
	"$SP_PASSWORD" 2>&1 <<'PY'
import sys, paramiko
c = paramiko.SSHClient()
c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
c.connect(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4],
          look_for_keys=False, allow_agent=False)
i, o, e = c.exec_command("echo pa; exit 4")
print(o.read().decode().strip(), o.channel.recv_exit_status())
s = c.open_sftp(); f = s.open("p.txt", "w"); f.write("x" * 100000); f.close()
print(s.stat("p.txt").st_size); s.close(); c.close()
PY
)" $'pa 4\n100000'
