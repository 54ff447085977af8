using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// The loop that a primitive belongs to: the one that used it last, on whose thread it may be used. A primitive may be made anywhere, and moves to another
/// loop when its own is closed or belongs to the same thread. Any other use is a mistake that would corrupt it, and throws.
/// </summary>
[StackTraceHidden]
internal struct LoopBinding
{
    private LoopCore? home;

    /// <summary>The loop.</summary>
    internal readonly LoopCore? Home => home;

    /// <summary>The context of the running step; after <see cref="Verify(string)"/>.</summary>
    internal readonly LoopContext? Current => home?.Current;

    /// <summary>Whether its loop runs on this thread.</summary>
    internal readonly bool IsHere => home is not null && ReferenceEquals(LoopCore.Running, home);

    /// <param name="member">The public member that was called, for the message.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Verify(string member)
    {
        if (home is not { IsSurelyHere: true })
        {
            Rebind(LoopCore.Running, member);
        }
    }

    /// <inheritdoc cref="Verify(string)"/>
    /// <param name="running">The loop that runs on this thread.</param>
    /// <param name="member">The public member that was called, for the message.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Verify(LoopCore running, string member)
    {
        if (!ReferenceEquals(running, home))
        {
            Rebind(running, member);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Rebind(LoopCore? running, string member)
    {
        if (ReferenceEquals(running, home))
        {
            return;
        }

        if (home is not null && !home.Loop.IsClosed && !home.IsInLoopThread)
        {
            if (running is null)
            {
                Throw.WrongThread(member, home.Loop.Name);
            }

            Throw.BoundToOtherLoop(member, home.Loop.Name);
        }

        home = running ?? home;
    }
}
