// dotnet run -c Release --project benchmarks/EventLoop.Benchmarks -- --filter '*Yield*'     (or '*' for all, --list flat for the names)
using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
