using System.Diagnostics.CodeAnalysis;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using EventLoop.Executors.Work;

namespace EventLoop.Executors;

/// <summary>Checks the file in which a worker process will find a function. Any thread.</summary>
internal static class WorkBuildCheck
{
    /// <exception cref="InvalidOperationException">It is a build other than the running one.</exception>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Without a location there is no file to look at.")]
    internal static void VerifyNotRebuilt(WorkName name)
    {
        var assembly = AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(loaded => loaded.ManifestModule.ModuleVersionId == name.Build);
        if (assembly is { IsDynamic: false, Location: { Length: > 0 } path } && BuildOf(path) is { } onDisk && onDisk != name.Build)
        {
            throw new InvalidOperationException(
                $"{path} was rebuilt while this program runs (build {name.Build:N} here, {onDisk:N} on the disk), so a worker process would run other code "
                    + "than this one. Start the program again.");
        }
    }

    private static Guid? BuildOf(string path)
    {
        try
        {
            using var image = new PEReader(File.OpenRead(path));
            var metadata = image.GetMetadataReader();
            return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or BadImageFormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
