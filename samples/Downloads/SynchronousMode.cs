namespace Downloads;

/// <summary>One after the other: the thread sleeps while the server thinks.</summary>
internal static class SynchronousMode
{
    public static void Run(Errand errand)
    {
        foreach (Page page in errand.Pages)
            errand.Tally.Count(Fetch(errand, page));
    }

    public static Arrival Fetch(Errand errand, Page page)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, page.Address);
            using HttpResponseMessage response = errand.Http.Send(request).EnsureSuccessStatusCode();
            using Stream body = response.Content.ReadAsStream();
            using FileStream file = File.Create(errand.FileFor(page));
            body.CopyTo(file);
            return Arrival.Of(page, file.Length);
        }
        catch (Exception failure) when (Arrival.IsProblem(failure))
        {
            return Arrival.Failed(page, failure);
        }
    }
}
