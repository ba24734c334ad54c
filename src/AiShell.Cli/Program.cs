#pragma warning disable RS0030 // The command line is the one place that speaks to the console.
Console.WriteLine(typeof(Program).Assembly.GetName().Version?.ToString(3));
