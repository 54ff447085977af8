using System.Reflection;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using Orleans;

namespace EventLoop.Orleans.Tests;

/// <summary>Grains without a cluster: what a test makes for the interface that is asked for.</summary>
internal class FakeGrains : DispatchProxy
{
    private Func<Type, object> make = static _ => throw new NotSupportedException();

    internal static IGrainFactory Of(Func<Type, object> make)
    {
        var grains = Create<IGrainFactory, FakeGrains>();
        ((FakeGrains)(object)grains).make = make;
        return grains;
    }

    /// <summary>All ways lead to one silo, and its work has this ticket.</summary>
    internal static IGrainFactory Of(FakeDoor door, ITicketGrain? ticket = null) =>
        Of(type => type == typeof(IWorkerGrain) ? door : type == typeof(ITicketGrain) && ticket is not null ? ticket : throw new NotSupportedException());

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => make(targetMethod!.GetGenericArguments()[0]);
}

/// <summary>A silo whose answers are the test's.</summary>
internal sealed class FakeDoor(Func<WorkRequest, CancellationToken, Task<WorkReply>> run) : IWorkerGrain
{
    private int described;

    /// <summary>How often it was asked where it is.</summary>
    internal int Described => Volatile.Read(ref described);

    public Task<SiloDescription> Describe()
    {
        Interlocked.Increment(ref described);
        return Task.FromResult(new SiloDescription { Name = "fake" });
    }

    public Task<WorkReply> Run(WorkRequest request, CancellationToken cancellationToken) => run(request, cancellationToken);

    public Task<WorkReply[]> RunMany(WorkRequest[] requests) => Task.WhenAll(requests.Select(request => run(request, CancellationToken.None)));
}

/// <summary>A ticket whose answers are the test's.</summary>
internal sealed class FakeTicket(Func<Task> open, Func<CancellationToken, Task<WorkReply>> wait, Func<Task<WorkReply>> stop) : ITicketGrain
{
    public Task Open() => open();

    public Task<WorkReply> Wait(CancellationToken cancellationToken) => wait(cancellationToken);

    public Task<WorkReply> Stop() => stop();
}

internal static class FakeWork
{
    /// <summary>Runs a function by calls of a client.</summary>
    internal static Task<ReadOnlyMemory<byte>> Run(this ClusterCalls calls, WorkRetry? retry = null, CancellationToken token = default) =>
        calls.RunAsync(WorkName.Of((Func<int>)One), default, false, retry, null, token);

    private static int One() => 1;
}
