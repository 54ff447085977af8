using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>Checks whether the address of a local variable tells whose stack it is on. A separate type without static fields, because a thread that is being
/// waited for must not wait for a type initializer.</summary>
internal static unsafe class StackProbe
{
    /// <summary>What a call has on the stack is below what its caller has, and near it; what another thread has is out of reach of both.</summary>
    /// <param name="above">How far above one of its own local variables a frame may begin.</param>
    /// <param name="reach">How far counts as near.</param>
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
