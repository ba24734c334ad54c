using AiShell.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

public sealed class Surroundings() : UserSurroundings<PostgreSqlEngine>(environment => new PostgreSqlEngine(environment), "SELECT current_user");
