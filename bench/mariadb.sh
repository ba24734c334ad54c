# Read by the benchmarks of MySQL and MariaDB, after measure.sh: a MariaDB server of their own under $work, on a socket, which ends with the script.

work=$(mktemp -d)
chmod 711 "$work"
socket=$work/server/s
options="--no-defaults --socket=$socket --user=root"
server=
stop() { [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true; rm -rf "$work"; }
trap stop EXIT

# start_server OPTIONS…
start_server() {
  command -v mariadbd >/dev/null || { apt-get update -qq && apt-get install -y -qq mariadb-server >&2; }
  mkdir "$work/server" && chown mysql "$work/server"
  mariadb-install-db --no-defaults --user=mysql --datadir="$work/server/data" --auth-root-authentication-method=normal --skip-test-db >/dev/null 2>&1
  mariadbd --no-defaults --user=mysql --datadir="$work/server/data" --socket="$socket" --skip-networking --log-error="$work/server/log" --server-id=1 \
    --innodb-buffer-pool-size=1G --innodb-log-file-size=1G --innodb-flush-log-at-trx-commit=2 --log-bin="$work/server/data/bin" --binlog-format=ROW --sync-binlog=0 --max-allowed-packet=64M "$@" &
  server=$!
  for _ in $(seq 300); do client -e 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.1; done
}

client() { mariadb $options "$@"; }

wide="id bigint unsigned AUTO_INCREMENT PRIMARY KEY, at datetime(3), name varchar(60), price decimal(12,2), ratio double, weight float, kind enum('a','b','c'), doc json, raw varbinary(32), note text, KEY(at), KEY(name)"

# fill DATABASE ROWS: a table of all kinds of values
fill() {
  client "$1" -e "CREATE TABLE wide($wide); SET unique_checks = 0, sql_log_bin = 0; INSERT INTO wide SELECT seq, '2020-01-01' + INTERVAL seq * 37 SECOND, concat('name ', seq % 9973), (seq * 7919 % 1000000) / 100, seq / 7, seq / 3,
    1 + seq % 3, json_object('user', seq % 99991, 'path', concat('/p/', seq % 1009), 'ok', seq % 2 = 0), unhex(md5(seq)), repeat(concat(md5(seq % 5003), ' '), 4) FROM seq_1_to_$2; ANALYZE TABLE wide" >/dev/null
}
