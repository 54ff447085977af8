using System.Buffers;
using EventLoop.Coroutines;

namespace EventLoop.Executors.Work;

/// <summary>The signatures that work can have, each adapted to the one that is called. Found by their names: the kind of result, then the kind of
/// argument.</summary>
internal static class WorkShapes<TArgument, TProgress, TResult>
{
    // ---- Synchronous

    private static WorkFunction ActionBare(Action work) => Now((_, _) => Done(work));

    private static WorkFunction ActionWithArgument(Action<TArgument> work) => Now((argument, _) => Done(() => work(argument)));

    private static WorkFunction ActionWithContext(Action<TArgument, WorkerContext> work) =>
        Now((argument, call) => Done(() => work(argument, ContextOf(call))));

    private static WorkFunction ActionWithProgress(Action<TArgument, WorkerContext<TProgress>> work) =>
        Now((argument, call) => Done(() => work(argument, ProgressOf(call))));

    private static WorkFunction FunctionBare(Func<TResult> work) => Now((_, _) => work());

    private static WorkFunction FunctionWithArgument(Func<TArgument, TResult> work) => Now((argument, _) => work(argument));

    private static WorkFunction FunctionWithContext(Func<TArgument, WorkerContext, TResult> work) => Now((argument, call) => work(argument, ContextOf(call)));

    private static WorkFunction FunctionWithProgress(Func<TArgument, WorkerContext<TProgress>, TResult> work) =>
        Now((argument, call) => work(argument, ProgressOf(call)));

    // ---- On a loop

    private static WorkFunction CoroutineBare(Func<Coroutine> work) => Later((_, _) => Done(work()));

    private static WorkFunction CoroutineWithArgument(Func<TArgument, Coroutine> work) => Later((argument, _) => Done(work(argument)));

    private static WorkFunction CoroutineWithContext(Func<TArgument, WorkerContext, Coroutine> work) =>
        Later((argument, call) => Done(work(argument, ContextOf(call))));

    private static WorkFunction CoroutineWithResultBare(Func<Coroutine<TResult>> work) => Later((_, _) => work());

    private static WorkFunction CoroutineWithResultWithArgument(Func<TArgument, Coroutine<TResult>> work) => Later((argument, _) => work(argument));

    private static WorkFunction CoroutineWithResultWithContext(Func<TArgument, WorkerContext, Coroutine<TResult>> work) =>
        Later((argument, call) => work(argument, ContextOf(call)));

    private static WorkFunction TaskBare(Func<Task> work) => Later((_, _) => Done(work()));

    private static WorkFunction TaskWithArgument(Func<TArgument, Task> work) => Later((argument, _) => Done(work(argument)));

    private static WorkFunction TaskWithResultBare(Func<Task<TResult>> work) => Later((_, _) => Of(work()));

    private static WorkFunction TaskWithResultWithArgument(Func<TArgument, Task<TResult>> work) => Later((argument, _) => Of(work(argument)));

    private static Synchronous Now(Func<TArgument, WorkCall, TResult> work) => new(work);

    private static Asynchronous Later(Func<TArgument, WorkCall, Coroutine<TResult>> work) => new(work);

    private static TResult Done(Action work)
    {
        work();
        return default!;
    }

    private static async Coroutine<TResult> Done(Coroutine work)
    {
        await work;
        return default!;
    }

    private static async Coroutine<TResult> Done(Task work)
    {
        await work;
        return default!;
    }

    private static async Coroutine<TResult> Of(Task<TResult> work) => await work;

    private static WorkerContext ContextOf(WorkCall call) => WorkerContext.Create(call.WorkerId, call.CancellationToken);

    private static WorkerContext<TProgress> ProgressOf(WorkCall call) => new(call.WorkerId, call.CancellationToken, progress =>
    {
        if (call.Report is { } report)
        {
            var written = new ArrayBufferWriter<byte>();
            WorkValues.Write(progress, written, call.Serializer);
            report(written.WrittenMemory);
        }
    });

    private static TArgument Read(ReadOnlySpan<byte> argument, WorkCall call) =>
        typeof(TArgument) == typeof(NoResult) ? default! : WorkValues.Read<TArgument>(argument, call.Serializer);

    private static void Write(TResult value, WorkCall call, IBufferWriter<byte> result)
    {
        if (typeof(TResult) != typeof(NoResult))
        {
            WorkValues.Write(value, result, call.Serializer);
        }
    }

    private sealed class Synchronous(Func<TArgument, WorkCall, TResult> work) : WorkFunction
    {
        internal override bool NeedsLoop => false;

        internal override void Run(ReadOnlySpan<byte> argument, WorkCall call, IBufferWriter<byte> result) =>
            Write(work(Read(argument, call), call), call, result);

        internal override async Coroutine RunAsync(ReadOnlyMemory<byte> argument, WorkCall call, IBufferWriter<byte> result) =>
            Run(argument.Span, call, result);
    }

    private sealed class Asynchronous(Func<TArgument, WorkCall, Coroutine<TResult>> work) : WorkFunction
    {
        internal override bool NeedsLoop => true;

        internal override void Run(ReadOnlySpan<byte> argument, WorkCall call, IBufferWriter<byte> result)
        {
            var given = Read(argument, call);
            Write(Loop.Run(work(given, call), new LoopOptions { HandleInterrupt = false }, call.CancellationToken), call, result);
        }

        internal override async Coroutine RunAsync(ReadOnlyMemory<byte> argument, WorkCall call, IBufferWriter<byte> result) =>
            Write(await work(Read(argument.Span, call), call), call, result);
    }
}
