namespace EventLoop.Synchronization;

/// <summary>What a <see cref="Releaser"/> names together with the ticket of one acquisition. A ticket that has been used up is ignored.</summary>
internal interface IReleasable
{
    void Release(long ticket);
}
