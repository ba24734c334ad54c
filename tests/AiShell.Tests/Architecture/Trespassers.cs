#pragma warning disable IDE0051, IDE0052, CA1822, CA1812, CA1823, CA1852, SA1403, CS0169 // never run: they only show that the test sees them
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Storage;
using AiShell.Storage.Local;

namespace AiShell.Engines.Trespasser
{
    internal sealed class EngineThatNamesAStoreInALambda
    {
        public Func<string, object> Open => path => Task.Run(() => new LocalStore(path));
    }

    internal sealed class EngineThatNamesTheRepositoryInAnAsyncMethod
    {
        public async Task<string> FindAsync(object repository)
        {
            await Task.Yield();
            return ((BackupRepository)repository).Location;
        }
    }

    internal sealed class EngineThatNamesAnotherEngine
    {
        public string Name => new SqliteEngine().Name;
    }
}

namespace AiShell.Storage.Trespasser
{
    internal sealed class StoreThatNamesAManifestInAGenericArgument
    {
        public object Manifests { get; } = new List<Dictionary<string, Manifest>>();
    }

    internal sealed class StoreThatNamesAnEngineInASignature
    {
        public void Use(AiShell.Engines.IDatabaseEngine[] engines)
        {
        }
    }
}

namespace AiShell.Repository.Trespasser
{
    internal sealed class RepositoryThatNamesAJob
    {
        public bool IsJob(object one) => one is AiShell.Backup.BackupJob;
    }

    internal sealed class RepositoryThatNamesAnEngineByACall
    {
        public object Make() => typeof(SqliteEngine);
    }
}

namespace AiShell.Verification.Trespasser
{
    internal sealed class JobThatCatchesAStoresException
    {
        public void Try(Action work)
        {
            try
            {
                work();
            }
            catch (ObjectNotFoundException)
            {
            }
        }
    }

    internal sealed class JobThatNamesAnEnginesInnerType
    {
        private SqliteEngine? _engine;
    }
}
