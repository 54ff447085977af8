using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>Whether the address of a local variable tells whose stack it is on. A type of its own, without static fields: a thread that is waited for must not
/// wait for somebody's initialization.</summary>
internal static unsafe class StackProbe
{
    /// <summary>What a call has lies below what its caller has, and near it; what another thread has is out of reach of both.</summary>
    /// <param name="above">How far a frame may begin above a local variable of its own.</param>
    /// <param name="reach">What is near.</param>
    internal static bool Passes(nuint above, nuint reach)
    {
        byte here;
        nuint mine = (nuint)(&here) + above;
        nuint others = 0;
        var other = new Thread(() => others = AddressInACall()) { IsBackground = true };
        other.UnsafeStart();
        other.Join();
        return mine - AddressInACall() < reach && mine - others >= reach && others + above - mine >= reach;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nuint AddressInACall()
    {
        byte here;
        return (nuint)(&here);
    }
}
