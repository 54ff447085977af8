namespace Downloads;

/// <summary>One page to fetch.</summary>
internal readonly record struct Page(int Number, Uri Address)
{
    public string FileName
    {
        get
        {
            var legible = (Address.Host + Address.AbsolutePath).Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '-');
            string name = string.Concat(legible);
            return $"{Number:0000}-{(name.Length > 80 ? name[..80] : name).Trim('-')}";
        }
    }
}

/// <summary>One page that was fetched and written, or the reason why not; and the thread of ours that did it.</summary>
internal readonly record struct Arrival(Page Page, long Bytes, string? Problem, int ThreadId)
{
    public static Arrival Of(Page page, long bytes) => new(page, bytes, null, Environment.CurrentManagedThreadId);

    public static Arrival Failed(Page page, Exception why) =>
        new(page, 0, why.Message, Environment.CurrentManagedThreadId);

    /// <summary>What may go wrong with one page without being the end of the others: no answer, a bad one, none in time.</summary>
    public static bool IsProblem(Exception failure) =>
        failure is HttpRequestException or IOException or TaskCanceledException { InnerException: TimeoutException };
}
