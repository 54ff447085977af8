// dotnet run -c Release --project benchmarks/EventLoop.Benchmarks -- --filter '*Yield*'     (or '*' for all, --list flat for the names)
// dotnet run -c Release --project benchmarks/EventLoop.Benchmarks -- figures [items] [rounds] [part
// of 'contest / contestant']     (quick ones of the hand-overs)
using BenchmarkDotNet.Running;
using EventLoop.Benchmarks.Figures;

if (args is ["figures", ..])
{
    FiguresProgram.Run(args.AsSpan(1));
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
