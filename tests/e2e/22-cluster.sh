#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a node on database servers of the network: TLS is verified, a dead host
# in the list is passed over, and what happens while all are down is stored
# later (C1, L1).
. "$(dirname "$0")/lib.sh" "$@"
port=$((offset + 4540))
db=$dir/db
mkdir -p "$db" "$dir/tls"
chmod 700 "$db"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj /CN=test-ca -keyout "$dir/tls/ca.key" -out "$dir/tls/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=db \
	-keyout "$dir/tls/db.key" -out "$dir/tls/db.csr" 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1\n' >"$dir/tls/ext"
openssl x509 -req -in "$dir/tls/db.csr" -CA "$dir/tls/ca.pem" -CAkey "$dir/tls/ca.key" \
	-CAcreateserial -days 30 -extfile "$dir/tls/ext" -out "$dir/tls/db.pem" 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj /CN=other-ca -keyout "$dir/tls/other.key" -out "$dir/tls/other.pem" 2>/dev/null

me=$(id -un)
mariadb-install-db --no-defaults --user="$me" --datadir="$db/data" \
	--auth-root-authentication-method=socket --auth-root-socket-user="$me" \
	--skip-test-db --skip-name-resolve --tmpdir="$db" --force >"$dir/install.log" 2>&1 ||
	{ cat "$dir/install.log"; exit 1; }
server() { # further options: starts it, sets $dbpid
	/usr/sbin/mariadbd --no-defaults --user="$me" --datadir="$db/data" \
		--socket="$db/db.sock" --pid-file="$db/pid" --log-error="$db/err" \
		--tmpdir="$db" --bind-address=127.0.0.1 --port=$port --skip-log-bin \
		--character-set-server=utf8mb4 --innodb-buffer-pool-size=64M \
		--ssl-ca="$dir/tls/ca.pem" --ssl-cert="$dir/tls/db.pem" \
		--ssl-key="$dir/tls/db.key" &
	dbpid=$!
	children+=($dbpid)
	eventually 20 mariadb --no-defaults -S "$db/db.sock" -e 'SELECT 1'
}
server
database_account "$db/db.sock" 127.0.0.1

cluster=(--set database.mode=cluster --set database.user=sp
	--set database.password_file="$dir/dbpw"
	--set database.hosts="127.0.0.1:1, 127.0.0.1:$port")
"$here/dist/demo" --bin "$build" --state "$dir/stranger" --quiet \
	--port-offset $((offset + 5)) "${cluster[@]}" \
	--set database.tls_ca="$dir/tls/other.pem" >"$dir/out" 2>&1
check "a server that the CA did not certify is refused" [ $? != 0 ]
check "and the sentence says so" grep -Eqi 'certificate|TLS|SSL' "$dir/out"
"$here/dist/demo" --bin "$build" --state "$dir/plain" --quiet \
	--port-offset $((offset + 5)) "${cluster[@]}" >"$dir/out" 2>&1
check "there is no cluster without a CA" grep -q 'needs hosts, user, password_file and tls_ca' "$dir/out"

node_up "${cluster[@]}" --set database.tls_ca="$dir/tls/ca.pem"
equal "a session on a node without a database of its own" "$(gw "$(at)" 'echo in')" in
check "no private server runs" [ ! -e "$dir/state/node/db" ]
# The account REQUIREs TLS: that it logged in at all shows it was used.

# all servers are down under a session
typist_up
kill -9 $dbpid
wait $dbpid 2>/dev/null
type_lines 20
check "a session goes on without any database server" eventually 10 typed_shown
server
typist_down
rows() {
	[ "$(sp --json keystroke search line- --limit 100 2>/dev/null |
		grep -o '"line":"echo line-[0-9]*-end"' | sort -u | wc -l)" = 20 ]
}
check "what was typed is stored when one is back" eventually 30 rows
equal "new sessions are let in again" "$(gw "$(at)" 'echo in')" in
check "the audit chain verifies" sp audit verify
