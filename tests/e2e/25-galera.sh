#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a node on a Galera cluster of three: conflicts between writers, the
# death of a server or of two end no session, and every row is stored once (C1,
# L1).
. "$(dirname "$0")/lib.sh" "$@"
. "$here/tests/e2e/galera.sh"
galera_up
node_up "${galera_settings[@]}"
equal "a session on the cluster" "$(gw "$(at)" 'echo in')" in
in_session_rows() {
	[ "$(galera_ask 2 "SET SESSION wsrep_sync_wait=1;
		SELECT COUNT(*) FROM sallyport.session WHERE ended_us>0")" -ge "$1" ]
}
check "its row is on the other members" eventually 10 in_session_rows 1
used() { # member: how many connections the node has there
	galera_ask "$1" "SELECT COUNT(*) FROM information_schema.processlist
		WHERE user='sp'"
}
find_used() { # sets the members: in use, and the two others
	local i
	victim=0
	for i in 0 1 2; do [ "$(used $i)" -gt "$(used $victim)" ] && victim=$i; done
	other=$(((victim + 1) % 3))
	third=$(((victim + 2) % 3))
}
find_used
login() { [ "$(gw "$(at)" 'echo in' 2>/dev/null)" = in ]; }

typist_up
rows() { # member: every line is there once, in the order of typing
	[ "$(galera_ask "$1" "SET SESSION wsrep_sync_wait=1; SELECT
		CONCAT(COUNT(*),',',COUNT(DISTINCT line),',',
		SUM(line=CONCAT('echo line-',place,'-end')))
		FROM (SELECT line, ROW_NUMBER() OVER (ORDER BY session_id,seq) place
		FROM sallyport.keystroke WHERE line LIKE 'echo line-%') x")" \
		= "$typed,$typed,$typed" ]
}

# ---- another writer touches the rows that every batch of the node writes
# Twice in one transaction, so that it is written and means nothing.
conflicts() {
	galera_ask $victim "SELECT SUM(variable_value)
		FROM information_schema.global_status WHERE variable_name IN
		('wsrep_local_cert_failures','wsrep_local_bf_aborts')"
}
before=$(conflicts)
cat >"$dir/writer.sql" <<'SQL'
DELIMITER //
CREATE PROCEDURE test.disturb() BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION ROLLBACK;
	START TRANSACTION;
	UPDATE sallyport.audit_chain SET seq=seq+1;
	UPDATE sallyport.audit_chain SET seq=seq-1;
	UPDATE sallyport.session SET bytes_up=bytes_up+1;
	UPDATE sallyport.session SET bytes_up=bytes_up-1;
	COMMIT;
END//
SQL
galera_ask $other "CREATE DATABASE test"
mariadb --no-defaults -S "$dir/db$other/db.sock" <"$dir/writer.sql"
yes 'CALL test.disturb();' | mariadb --no-defaults -f -S "$dir/db$other/db.sock" \
	>/dev/null 2>&1 &
writer=$!
children+=($writer)
for i in $(seq 40); do
	login || fail "login $i beside another writer"
	type_lines 2
	[ "$i" -lt 5 ] || [ "$(conflicts)" -lt $((before + 5)) ] || break
done
kill $writer
wait $writer 2>/dev/null
note "conflicts: $(($(conflicts) - before)), logins: $i"
check "conflicts came about" [ "$(conflicts)" -gt "$before" ]
check "they cost no row and double none" eventually 20 rows $third

# ---- the member in use dies
type_lines 5
galera_ask $other 'CREATE TABLE test.probe (id BIGINT AUTO_INCREMENT PRIMARY KEY)'
began=$(date +%s%N)
ms() { echo $((($(date +%s%N) - began) / 1000000)); }
galera_kill $victim
# The others block every commit until they agree that it is gone.
(until galera_ask $other 'INSERT INTO test.probe () VALUES ()'; do sleep 0.05; done
ms >"$dir/cluster") &
probe=$!
type_lines 10 &
typist=$!
check "logins go on when the member in use has died" eventually 15 login
login=$(ms)
wait $probe
cluster=$(cat "$dir/cluster")
note "after the kill the cluster wrote again in $cluster ms, a login succeeded in $login ms"
check "within five seconds, or three of the cluster's being back" \
	[ "$login" -le $((cluster + 3000 > 5000 ? cluster + 3000 : 5000)) ]
wait $typist
typed=$((typed + 10))
check "the session goes on" eventually 5 typed_shown
check "every line is in the database once, in order" eventually 20 rows $other
galera_again $victim
check "the member comes back by itself" eventually 60 galera_synced $victim 3
check "and has what it missed" rows $victim

# ---- the member in use hangs
find_used
type_lines 5
began=$(date +%s%N)
kill -STOP "${galera_pid[victim]}"
type_lines 10
check "logins go on when the member in use hangs" eventually 20 login
note "a login succeeded $(ms) ms after the stop"
check "every line is in the database once, in order" eventually 20 rows $other
kill -CONT "${galera_pid[victim]}"
# It does not know at once that it was left out: what it has tells.
check "the member comes back by itself and has what it missed" \
	eventually 60 rows $victim
check "as one of three" eventually 10 galera_synced $victim 3

# ---- two die: the third has no majority and takes nothing
galera_kill $other $third
type_lines 20
check "the session goes on without a majority" eventually 10 typed_shown
minority() {
	case $(gw "$(at)" 'echo in' 2>&1) in
	*"cannot reach its database"*) ;;
	*) return 1 ;;
	esac
}
check "a login is refused in words" eventually 20 minority
galera_again $other
galera_again $third
check "the cluster forms again" eventually 90 galera_synced $victim 3
check "what was typed meanwhile is stored, once and in order" eventually 40 rows $third
check "logins go on" eventually 20 login
typist_down
equal "the session ended well" $? 0
check "the audit chain verifies" sp audit verify
total() {
	galera_ask "$1" 'SET SESSION wsrep_sync_wait=1;
		SELECT COUNT(*),SUM(seq) FROM sallyport.audit'
}
equal "no member has a second opinion" "$(total 0)" "$(total 2)"
