namespace EventLoop.Synchronization;

/// <summary>What a <see cref="Releaser"/> references, together with the ticket of one acquisition. A used ticket is ignored.</summary>
internal interface IReleasable
{
    void Release(long ticket);
}
