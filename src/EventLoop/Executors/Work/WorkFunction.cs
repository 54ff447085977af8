using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.ExceptionServices;
using EventLoop.Coroutines;

namespace EventLoop.Executors.Work;

/// <summary>A function on the side where it runs: bytes in, bytes out. Any thread.</summary>
internal abstract class WorkFunction
{
    /// <summary>Whether it is asynchronous, and so runs on a loop.</summary>
    internal abstract bool NeedsLoop { get; }

    /// <summary>Reads the argument, calls the function, and writes the result.</summary>
    internal abstract void Run(ReadOnlySpan<byte> argument, WorkCall call, IBufferWriter<byte> result);

    /// <summary>The same on the running loop.</summary>
    internal abstract Coroutine RunAsync(ReadOnlyMemory<byte> argument, WorkCall call, IBufferWriter<byte> result);

    /// <exception cref="WorkVersionException">This process has no such assembly, or another build of it.</exception>
    internal static WorkFunction Of(WorkName name) => Of(name.Resolve());

    [UnconditionalSuppressMessage("Trimming", "IL2060", Justification = "The makers are named here.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "A delegate has its Invoke.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Work is not named in native programs at all.")]
    internal static WorkFunction Of(Delegate work)
    {
        var invoke = work.GetType().GetMethod("Invoke")!;
        var parameters = invoke.GetParameters();
        if (parameters.Length > 2 || (parameters.Length == 2 && !parameters[1].ParameterType.IsAssignableTo(typeof(WorkerContext))))
        {
            throw new ArgumentException($"{work.GetType()} is no signature of work.", nameof(work));
        }

        var argument = parameters.Length > 0 ? parameters[0].ParameterType : typeof(NoResult);
        var context = parameters.Length > 1 ? parameters[1].ParameterType : null;
        var progress = context is { IsGenericType: true } ? context.GetGenericArguments()[0] : typeof(NoResult);
        var returned = invoke.ReturnType;
        bool isGeneric = returned.IsGenericType && returned.GetGenericTypeDefinition() is var definition
            && (definition == typeof(Coroutine<>) || definition == typeof(Task<>));
        string kind = returned == typeof(void) ? "Action"
            : returned == typeof(Coroutine) ? "Coroutine" : returned == typeof(Task) ? "Task"
            : !isGeneric ? "Function" : returned.GetGenericTypeDefinition() == typeof(Coroutine<>) ? "CoroutineWithResult" : "TaskWithResult";
        var result = isGeneric ? returned.GetGenericArguments()[0] : kind == "Function" ? returned : typeof(NoResult);
        string shape = parameters.Length == 0 ? "Bare" : context is null ? "WithArgument" : context.IsGenericType ? "WithProgress" : "WithContext";

        var maker = typeof(WorkShapes<,,>).MakeGenericType(argument, progress, result).GetMethod($"{kind}{shape}", BindingFlags.Static | BindingFlags.NonPublic)
            ?? throw new ArgumentException($"{work.GetType()} is no signature of work.", nameof(work));
        try
        {
            return (WorkFunction)maker.Invoke(null, [work])!;
        }
        catch (TargetInvocationException failure)
        {
            ExceptionDispatchInfo.Throw(failure.InnerException!);
            throw;
        }
    }
}
