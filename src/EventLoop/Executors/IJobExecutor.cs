namespace EventLoop.Executors;

/// <summary>An executor of the library's own: it takes a job as it is, without a delegate around it and a task for its end.</summary>
internal interface IJobExecutor
{
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    void Submit(ReturningJob job);
}
