using EventLoop.Groups;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A value for each loop, made there when it is first needed; takes the place of a static field. Disposed with its loop.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="factory">Called on the loop's thread, once for each loop; if it throws, the next access calls it again.</param>
/// <remarks>
/// <para>When the loop's tasks have ended, values that are <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/> are disposed on its thread, the one
/// that was made last first; exceptions go to the exception handler. A value that was replaced belongs to whoever replaced it. A value can be asked for until
/// it has been disposed; while values are disposed none are made.</para>
/// <para><b>Thread:</b> any on which a loop runs.</para>
/// </remarks>
public sealed class LoopLocal<T>(Func<T> factory)
{
    private readonly Func<T> factory = factory ?? throw new ArgumentNullException(nameof(factory));

    /// <summary>The value of the running loop.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread; the factory asks for its own value; or there is no value, and the loop is
    /// disposing those that it had.</exception>
    public T Value
    {
        get => LoopCore.Required.Loop.Locals.Find(this) is { } local ? ((LocalValue<T>)local).Get(factory) : Make();
        set
        {
            var locals = LoopCore.Required.Loop.Locals;
            if (locals.Find(this) is { } local)
            {
                ((LocalValue<T>)local).Set(value);
            }
            else
            {
                locals.Add(this, new LocalValue<T>(this, locals)).Set(value);
            }
        }
    }

    private T Make()
    {
        var locals = LoopCore.Required.Loop.Locals;
        return locals.Add(this, new LocalValue<T>(this, locals)).Get(factory);
    }
}
