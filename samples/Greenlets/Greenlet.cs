using EventLoop;

namespace Greenlets;

/// <summary>A coroutine that hands over by name: <see cref="Switch"/> goes on in that one and comes back when somebody
/// switches here. Python: the package greenlet. Loop thread only.</summary>
/// <param name="name">For people.</param>
/// <param name="body">Gets what the first switch brings; what it returns goes to whoever switched here first, its parent.</param>
internal sealed class Greenlet<T>(string name, Func<T, Coroutine<T>> body)
{
    private static readonly AsyncLocal<Greenlet<T>?> Here = new();      // whose code runs

    private LoopFuture<T>? _resumption;      // waits for the next switch to here
    private LoopTask? _task;
    private Greenlet<T>? _parent;

    public string Name => name;

    public bool IsDead => _task is { IsCompleted: true };

    /// <summary>The one whose code calls; code outside of all is one as well.</summary>
    public static Greenlet<T> Current => Here.Value ??= new Greenlet<T>("main", static _ => throw new InvalidOperationException("main runs already"));

    /// <summary>Goes on there with <paramref name="value"/>, and here with what the next switch to here brings.</summary>
    public async Coroutine<T> Switch(T value)
    {
        if (IsDead)
        {
            throw new InvalidOperationException($"Greenlet '{name}' has ended: nobody is there to switch to.");
        }

        var self = Current;
        var back = self._resumption = Loop.Current.CreateFuture<T>();
        if (_task is null)
        {
            _parent = self;
            _task = Loop.CreateTask(RunAsync(value), name);
        }
        else
        {
            Resume(value);
        }

        return await back;
    }

    private void Resume(T value)
    {
        var waiting = _resumption ?? throw new InvalidOperationException($"Greenlet '{name}' runs at this moment.");
        _resumption = null;
        waiting.SetResult(value);
    }

    private async Coroutine RunAsync(T first)
    {
        Here.Value = this;
        try
        {
            _parent!.Resume(await body(first));
        }
        catch (Exception failure) when (_parent!._resumption is { IsCompleted: false } waiting)
        {
            _parent._resumption = null;
            waiting.SetException(failure);      // it surfaces in the parent's Switch
        }
    }
}
