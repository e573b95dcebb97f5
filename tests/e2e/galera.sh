#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# For tests and measurements on a Galera cluster: three mariadbd on loopback
# addresses, TLS for statements and for the group.  After lib.sh:
#
#	. galera.sh; galera_up; node_up "${galera_settings[@]}"; ...
#
# Members are 0, 1 and 2; their processes are galera_pid[member], and lib.sh
# ends them.
: "${here:?lib.sh comes first}" "${dir:?}" "${offset:?}"

galera_hosts=(127.0.0.21 127.0.0.22 127.0.0.23)
galera_port=$((offset + 4540))
galera_pid=()
galera_settings=()
galera_provider=/usr/lib/galera/libgalera_smm.so

galera_tls() { # a CA and one certificate for all members
	local t=$dir/tls ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
	mkdir "$t"
	openssl req -x509 "${ec[@]}" -days 30 -subj /CN=test-ca \
		-keyout "$t/ca.key" -out "$t/ca.pem"
	openssl req "${ec[@]}" -subj /CN=db -keyout "$t/db.key" -out "$t/db.csr"
	printf 'subjectAltName=IP:%s,IP:%s,IP:%s\n' "${galera_hosts[@]}" >"$t/ext"
	openssl x509 -req -in "$t/db.csr" -CA "$t/ca.pem" -CAkey "$t/ca.key" \
		-CAcreateserial -days 30 -extfile "$t/ext" -out "$t/db.pem"
}

galera_conf() { # member: writes its configuration
	local host=${galera_hosts[$1]} d=$dir/db$1 group=$((offset + 4567)) all
	local tls=$dir/tls
	all=$(printf "%s:$group," "${galera_hosts[@]}")
	mkdir -p "$d/data" "$d/tmp"
	cat >"$d/my.cnf" <<CONF
[mysqld]
user=$(id -un)
datadir=$d/data
tmpdir=$d/tmp
socket=$d/db.sock
pid-file=$d/pid
log-error=$d/err.log
bind-address=$host
port=$galera_port
skip-name-resolve
character-set-server=utf8mb4
performance-schema=OFF
innodb-buffer-pool-size=64M
innodb-log-file-size=48M
innodb-flush-log-at-trx-commit=2
innodb-autoinc-lock-mode=2
binlog-format=ROW
ssl-ca=$tls/ca.pem
ssl-cert=$tls/db.pem
ssl-key=$tls/db.key
wsrep-on=ON
wsrep-provider=$galera_provider
wsrep-cluster-name=sp-test
wsrep-cluster-address=gcomm://${all%,}
wsrep-node-name=n$1
wsrep-node-address=$host
wsrep-slave-threads=2
wsrep-sst-method=shared
wsrep-provider-options="base_dir=$d/data;gcache.size=64M;gcache.recover=yes;pc.recovery=yes;evs.suspect_timeout=PT1.5S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S;evs.keepalive_period=PT0.3S;gmcast.listen_addr=tcp://$host:$group;ist.recv_addr=$host:$((group + 1));socket.ssl_key=$tls/db.key;socket.ssl_cert=$tls/db.pem;socket.ssl_ca=$tls/ca.pem"
CONF
}

galera_start() { # member, further options
	local i=$1
	shift
	PATH=$here/tests/e2e:/usr/sbin:/usr/bin:/sbin:/bin mariadbd \
		--defaults-file="$dir/db$i/my.cnf" "$@" >/dev/null 2>&1 &
	galera_pid[i]=$!
	children+=("$!")
}

galera_kill() { # members
	local i
	for i in "$@"; do kill -9 "${galera_pid[i]}"; done
	for i in "$@"; do wait "${galera_pid[i]}" 2>/dev/null; done
}

# After a crash: from where it stands, so that only what is missing is sent.
galera_again() { # member
	local at log=$dir/db$1/recover.log
	rm -f "$log"
	mariadbd --defaults-file="$dir/db$1/my.cnf" --wsrep-recover \
		--log-error="$log" >/dev/null 2>&1
	at=$(sed -n 's/.*Recovered position: *//p' "$log" | tail -n 1)
	galera_start "$1" ${at:+--wsrep-start-position="$at"}
}

# Bounded: a connection to a member that is about to join may never be answered.
galera_ask() { # member, statement
	timeout 5 mariadb --no-defaults -S "$dir/db$1/db.sock" -sNe "$2" 2>/dev/null
}

galera_synced() { # member, how many it must see
	[ "$(galera_ask "$1" "SELECT GROUP_CONCAT(variable_value
		ORDER BY variable_name) FROM information_schema.global_status
		WHERE variable_name IN ('wsrep_cluster_size',
		'wsrep_local_state_comment')")" = "$2,Synced" ]
}

galera_joined() { # member, how many it must see: waits, or ends the test
	eventually 120 galera_synced "$1" "$2" && return
	tail -n 40 "$dir/db$1/err.log"
	echo "member $1 did not join"
	exit 1
}

galera_up() {
	local i me
	me=$(id -un)
	[ -f "$galera_provider" ] || { echo "galera-4 is not installed"; exit 1; }
	galera_tls >"$dir/tls.log" 2>&1 || { cat "$dir/tls.log"; exit 1; }
	for i in 0 1 2; do galera_conf $i; done
	mariadb-install-db --no-defaults --user="$me" --datadir="$dir/db0/data" \
		--tmpdir="$dir/db0/tmp" --auth-root-authentication-method=socket \
		--auth-root-socket-user="$me" --skip-test-db --skip-name-resolve \
		--innodb-log-file-size=48M --force >"$dir/install.log" 2>&1 ||
		{ cat "$dir/install.log"; exit 1; }
	galera_start 0 --wsrep-new-cluster
	galera_joined 0 1
	database_account "$dir/db0/db.sock" '127.%'
	galera_settings=(--set database.mode=cluster --set database.user=sp
		--set database.password_file="$dir/dbpw"
		--set database.tls_ca="$dir/tls/ca.pem"
		--set "database.hosts=$(printf "%s:$galera_port, " \
			"${galera_hosts[@]:0:2}")${galera_hosts[2]}:$galera_port")
	for i in 1 2; do
		galera_start $i
		galera_joined $i $((i + 1))
	done
}
