using AiShell.Repository;

namespace AiShell.Tests.Repository;

public sealed class ManifestJsonTests
{
    [Fact]
    public void What_prepares_the_runtime_is_a_manifest_that_is_written_and_read() => ManifestJson.Prepare();
}
