using AiShell.Connections;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>A restore builds several indexes at once, with more memory than a server gives of its own.</summary>
public sealed class IndexBuildTests() : PostgreSqlRestoreSuite(null)
{
    // An index on it asks, while a restore builds it, what it is built with, and waits for another one: held until they have met.
    private const string Source =
        """
        CREATE FUNCTION public.asked(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
        DECLARE patience timestamptz := clock_timestamp() + interval '60 seconds';
        BEGIN
          IF x <> 1 OR current_database() NOT LIKE '%ai\_shell\_new%' THEN RETURN x; END IF;
          IF pg_size_bytes(current_setting('maintenance_work_mem')) < 32 * 1024 * 1024 THEN RAISE 'built with %', current_setting('maintenance_work_mem'); END IF;
          LOOP
            PERFORM pg_stat_clear_snapshot();
            IF (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%CREATE INDEX%asked%' AND state = 'active') > 1 THEN
              PERFORM pg_advisory_lock_shared(4711);
            END IF;
            IF EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711) THEN RETURN x; END IF;
            IF clock_timestamp() > patience THEN RAISE 'no two are built at once'; END IF;
            PERFORM pg_sleep(0.02);
          END LOOP;
        END $$;
        CREATE TABLE one(x int); INSERT INTO one SELECT generate_series(1, 9); CREATE INDEX ON one(public.asked(x));
        CREATE TABLE two(x int); INSERT INTO two SELECT generate_series(1, 9); CREATE INDEX ON two(public.asked(x));
        """;

    [Fact]
    public async Task Two_are_built_at_once_with_memory_for_it()
    {
        await Server.RunAsync("postgres", "ALTER SYSTEM SET maintenance_work_mem = '1MB'");
        await Server.RunAsync("postgres", "SELECT pg_reload_conf()");
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", Source));
        DatabaseAddress copy = Fixture.AddressOf("copy");

        await backup.RestoreAsync(Engine, copy, Options());

        Assert.Equal("2", await Server.RunAsync(copy.Database, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%asked%'"));
    }
}
