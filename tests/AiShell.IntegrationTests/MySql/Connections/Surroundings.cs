using AiShell.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

public sealed class Surroundings() : UserSurroundings<MySqlEngine>(environment => new MySqlEngine(environment), "SELECT substring_index(user(), '@', 1)");
