using EventLoop.Groups;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A value for each loop, made there when it is first asked for: what would be a static
/// field if there were one loop. Disposed with its loop.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="factory">Called on the loop's thread, once for each loop; where it throws, the next caller calls it again.</param>
/// <remarks>
/// <para>When the loop's tasks have ended, values that are <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/> are disposed on its thread, the last one
/// first; what that throws goes to the exception handler. A value that another took the place of is whoever's who did that.</para>
/// <para><b>Thread:</b> any that a loop runs on.</para>
/// </remarks>
public sealed class LoopLocal<T>(Func<T> factory)
{
    private readonly Func<T> factory = factory ?? throw new ArgumentNullException(nameof(factory));

    /// <summary>The running loop's.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread; or the factory asks for its own value.</exception>
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
                locals.Add(this, new LocalValue<T>()).Set(value);
            }
        }
    }

    private T Make() => LoopCore.Required.Loop.Locals.Add(this, new LocalValue<T>()).Get(factory);
}
